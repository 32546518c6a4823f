using System.Globalization;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>A run's values laid over default ones. A wrong value is told with the file it stands in.</summary>
internal sealed class LayeredConfig(JsonPart defaults, JsonPart run)
{
    /// <summary>The value of a key; null where no file has it, or the run's file says <c>null</c>.</summary>
    /// <param name="key">With a dot between a mapping and its member.</param>
    public JsonPart? Find(string key)
    {
        string[] path = key.Split('.');
        (JsonPart? value, bool isDecided) = Follow(run, path);
        return isDecided ? value : Follow(defaults, path).Value;
    }

    public bool Flag(string key) => Find(key)?.Flag() ?? false;

    public string? Text(string key) => Find(key)?.Text();

    public int? Whole(string key, int least, int most) => Find(key)?.Whole(least, most);

    public int[]? Wholes(string key, int least, int most)
    {
        int[]? list = Find(key) is { } part ? [.. part.Items().Select(item => item.Whole(least, most))] : null;
        return list is not { Length: 0 } ? list : throw Find(key)!.Value.Error($"{key} is empty, expected steps from 1000 down; leave the key out for samplers of many steps");
    }

    public float? Number(string key, double least, double most)
    {
        return Find(key) is not { } part ? null
            : part.Number() is double number && number >= least && number <= most ? (float)number
            : throw part.Wrong(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
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
