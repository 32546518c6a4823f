using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>Opens training data of every layout there is.</summary>
/// <remarks>Spec: training 5.2.</remarks>
public static class ClipStores
{
    /// <summary>Extension of the files <see cref="ClipShardWriter"/> writes.</summary>
    internal const string ShardExtension = ".safetensors";

    private const string Known = "a folder of *.safetensors shards";

    /// <summary>Opens a store. Only headers are read.</summary>
    /// <param name="path">A folder of safetensors shards, or one such file.</param>
    /// <exception cref="ModelFormatException">It is none of these, or damaged.</exception>
    public static IClipStore Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
        {
            return new ShardedClipStore(path, [path]);
        }

        if (!Directory.Exists(path))
        {
            throw new ModelFormatException(path, $"does not exist, expected {Known}");
        }

        string[] shards = Shards(path);
        return shards.Length > 0 ? new ShardedClipStore(path, shards) : throw new ModelFormatException(path, $"holds no training data, expected {Known}");
    }

    /// <summary>The shards in a folder, in the order of their rows; what is still being written is no shard.</summary>
    internal static string[] Shards(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*" + ShardExtension).Where(static file => Path.GetFileName(file)[0] != '.').Order(StringComparer.Ordinal)];
}
