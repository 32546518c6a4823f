using System.Globalization;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>A run's values laid over default ones. A wrong value is told with the file it stands in.</summary>
/// <remarks>A mapping is merged key by key; anything else of the run's file replaces the default, an explicit <c>null</c> too.</remarks>
public sealed class LayeredConfig
{
    private readonly JsonPart _defaults;
    private readonly JsonPart _run;

    internal LayeredConfig(JsonPart defaults, JsonPart run) => (_defaults, _run) = (defaults, run);

    /// <summary>The run's file; null for the configuration of the published run, which is part of the program.</summary>
    public string? Path { get; private init; }

    /// <summary>One sentence that names the keys nothing reads; null if there are none.</summary>
    public string? Warning { get; private init; }

    /// <summary>Reads a run's file and lays it over <c>default_config.yaml</c>.</summary>
    /// <param name="path">The run's YAML file; null takes <c>configs/reward_forcing.yaml</c> as it was when the program was built.</param>
    /// <exception cref="ModelFormatException">The file cannot be read.</exception>
    public static LayeredConfig Read(string? path)
    {
        JsonPart run = path is null ? Shipped("reward_forcing.yaml") : YamlFile.Read(path);
        return new LayeredConfig(Shipped("default_config.yaml"), run) { Path = path, Warning = ConfigKeys.Unknown(path, run) };
    }

    /// <summary>The value of a key; null where no file has it, or the run's file says <c>null</c>.</summary>
    /// <param name="key">With a dot between a mapping and its member.</param>
    public JsonPart? Find(string key)
    {
        string[] path = key.Split('.');
        (JsonPart? value, bool isDecided) = Follow(_run, path);
        return isDecided ? value : Follow(_defaults, path).Value;
    }

    /// <summary>All values as they hold, by key; those below a mapping with a dot between. In the order of their names.</summary>
    public IReadOnlyDictionary<string, string> Values()
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (JsonPart layer in new[] { _defaults, _run })
        {
            foreach (string key in Keys(layer, ""))
            {
                values[key] = Find(key) is { } part ? part.Value.GetRawText() : "null";
            }
        }

        return values;
    }

    /// <summary>A value that is true or false; false where there is none.</summary>
    public bool Flag(string key) => Find(key)?.Flag() ?? false;

    /// <summary>A text; null where there is none.</summary>
    public string? Text(string key) => Find(key)?.Text();

    /// <summary>A whole number within bounds; null where there is none.</summary>
    public int? Whole(string key, int least, int most) => Find(key)?.Whole(least, most);

    /// <summary>A list of whole numbers within bounds; null where there is none.</summary>
    public int[]? Wholes(string key, int least, int most)
    {
        int[]? list = Find(key) is { } part ? [.. part.Items().Select(item => item.Whole(least, most))] : null;
        return list is not { Length: 0 } ? list : throw Find(key)!.Value.Error($"{key} is empty, expected steps from 1000 down; leave the key out for samplers of many steps");
    }

    /// <summary>A number within bounds; null where there is none.</summary>
    public float? Number(string key, double least, double most) => (float?)Exact(key, least, most);

    /// <summary>The same in double, for rates whose every digit counts.</summary>
    public double? Exact(string key, double least, double most)
    {
        return Find(key) is not { } part ? null
            : part.Number() is double number && number >= least && number <= most ? number
            : throw part.Wrong(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    private static IEnumerable<string> Keys(JsonPart layer, string above)
    {
        foreach ((string name, JsonPart value) in layer.Members())
        {
            string key = above + name;
            if (value.IsObject)
            {
                foreach (string below in Keys(value, key + "."))
                {
                    yield return below;
                }
            }
            else
            {
                yield return key;
            }
        }
    }

    private static JsonPart Shipped(string name)
    {
        using Stream stream = typeof(LayeredConfig).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not part of this assembly.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return YamlFile.Parse($"configs/{name}", bytes);
    }

    // What is null in the run's file hides the default below it.
    private static (JsonPart? Value, bool IsDecided) Follow(JsonPart part, string[] path)
    {
        foreach (string name in path)
        {
            if (!part.TryGet(name, out JsonPart inner))
            {
                return (null, inner.IsNull);
            }

            part = inner;
        }

        return (part, true);
    }
}
