using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>Opens training data of every layout there is.</summary>
/// <remarks>Spec: training 5.2.</remarks>
public static class ClipStores
{
    /// <summary>Extension of the files <see cref="ClipShardWriter"/> writes.</summary>
    internal const string ShardExtension = ".safetensors";

    private const string Known = "a folder of *.safetensors shards, an LMDB environment (a folder with data.mdb), or a folder of these";

    /// <summary>Opens a store. Only headers are read.</summary>
    /// <param name="path">A folder of safetensors shards, or one such file; an LMDB environment, or a folder of several.</param>
    /// <param name="most">Rows to use at most, the first ones: the reference's <c>max_pair</c>.</param>
    /// <exception cref="ModelFormatException">It is none of these, or damaged.</exception>
    public static IClipStore Open(string path, int most = int.MaxValue)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        IClipStore store = OpenAll(path);
        return store.Count <= most ? store : new JoinedClipStore(path, [store], most);
    }

    /// <summary>The shards in a folder, in the order of their rows; what is still being written is no shard.</summary>
    internal static string[] Shards(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*" + ShardExtension).Where(static file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)];

    private static IClipStore OpenAll(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(".mdb", StringComparison.OrdinalIgnoreCase)
                ? throw new ModelFormatException(path, "is a file of an LMDB environment, expected the folder that holds it")
                : new ShardedClipStore(path, [path]);
        }

        if (!Directory.Exists(path))
        {
            throw new ModelFormatException(path, $"does not exist, expected {Known}");
        }

        string[] shards = Shards(path), environments = LmdbClipStore.Shards(path);
        bool isEnvironment = LmdbEnvironment.Is(path);
        return (shards.Length > 0, isEnvironment, environments.Length > 0) switch
        {
            (true, false, false) => new ShardedClipStore(path, shards),
            (false, true, false) => new LmdbClipStore(path),
            (false, false, true) => Join(path, environments),
            (false, false, false) => throw new ModelFormatException(path, $"holds no training data, expected {Known}"),
            _ => throw new ModelFormatException(path, $"holds data of several layouts, expected one: {Known}; move the others away"),
        };
    }

    private static JoinedClipStore Join(string path, string[] environments)
    {
        List<IClipStore> parts = [];
        try
        {
            Array.ForEach(environments, environment => parts.Add(new LmdbClipStore(environment)));
        }
        catch
        {
            parts.ForEach(static part => part.Dispose());
            throw;
        }

        return new JoinedClipStore(path, [.. parts]);
    }
}
