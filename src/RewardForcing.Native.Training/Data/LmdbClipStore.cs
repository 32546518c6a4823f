using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rows of an LMDB environment as the reference's scripts write it: latents or trajectories in F16.</summary>
/// <remarks>Spec: training 5.2.</remarks>
internal sealed class LmdbClipStore : IClipStore
{
    private const int LongestPrompt = 1 << 20;
    private readonly LmdbEnvironment _environment;
    private readonly string _path;
    private readonly int _rowBytes;

    /// <summary>Opens an environment and checks its first and last row.</summary>
    /// <param name="path">A folder with <c>data.mdb</c>.</param>
    public LmdbClipStore(string path)
    {
        _path = path;
        _environment = LmdbEnvironment.Read(path);
        try
        {
            (Count, ClipShape) = LmdbKeys.ReadShape(_environment, path)
                ?? throw new ModelFormatException(path, $"has no key {LmdbKeys.LatentsShape}, so it is no LMDB environment of training clips", LmdbKeys.LatentsShape);
            _rowBytes = checked((int)ClipRow.Bytes(ElementType.F16, ClipShape.Count));
            Notes = LmdbKeys.ReadNotes(_environment, path);
            Row(0);
            Row(Count - 1);
        }
        catch
        {
            _environment.Dispose();
            throw;
        }
    }

    public int Count { get; }

    public ClipKind Kind => ClipShape.Rank == 5 ? ClipKind.Trajectories : ClipKind.Latents;

    public Shape ClipShape { get; }

    public IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>The environments in the folders in a folder, in the order of their rows.</summary>
    public static string[] Shards(string folder) => [.. Directory.EnumerateDirectories(folder).Where(LmdbEnvironment.Is).Order(StringComparer.Ordinal)];

    public string Prompt(int index)
    {
        Check(index);
        byte[] text = Find(LmdbKeys.Prompt(index), LongestPrompt);
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(_path, $"{LmdbKeys.Prompt(index)} is not valid UTF-8 at byte {error.Index:N0}", LmdbKeys.Prompt(index), error);
        }
    }

    public Clip Read(int index)
    {
        Check(index);
        float[] values = new float[ClipShape.Count];
        ClipRow.Decode(ElementType.F16, Row(index), values, LmdbKeys.Latents(index), _path);
        return new Clip(Prompt(index), ClipShape, values);
    }

    public void Dispose() => _environment.Dispose();

    private void Check(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
    }

    private byte[] Row(int index)
    {
        byte[] row = Find(LmdbKeys.Latents(index), Array.MaxLength);
        return row.Length == _rowBytes ? row
            : throw new ModelFormatException(_path, $"{LmdbKeys.Latents(index)} has {row.Length:N0} bytes, but {LmdbKeys.LatentsShape} says rows of {ClipShape} in F16, which take {_rowBytes:N0}", LmdbKeys.Latents(index));
    }

    private byte[] Find(string key, int most) => _environment.Find(key, most)
        ?? throw new ModelFormatException(_path, $"has no key {key}, though {LmdbKeys.LatentsShape} says that it has {Count:N0} rows", key);
}
