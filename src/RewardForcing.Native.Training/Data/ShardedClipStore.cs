using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rows of several safetensors shards, one after the other in the order of the files' names. Only a few files are open at a time.</summary>
internal sealed class ShardedClipStore : IClipStore
{
    private const int MostOpen = 32;
    private readonly Lock _lock = new();
    private readonly string[] _paths;
    private readonly int[] _starts;
    private readonly string[] _prompts;

    // Those used last come last.
    private readonly List<(int Shard, ClipShard Rows)> _open = [];
    private bool _disposed;

    /// <summary>Reads the headers.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="shards">The files, in order.</param>
    public ShardedClipStore(string path, string[] shards)
    {
        _paths = shards;
        _starts = new int[shards.Length + 1];
        List<string> prompts = [];
        try
        {
            for (int i = 0; i < shards.Length; i++)
            {
                ClipShard shard = Open(i);
                if (i == 0)
                {
                    (Kind, ClipShape, Notes) = (shard.Kind, shard.Shape, shard.Notes);
                }
                else if (shard.Kind != Kind || shard.Shape != ClipShape)
                {
                    throw new ModelFormatException(shards[i], $"holds {shard.Kind} of {shard.Shape}, expected {Kind} of {ClipShape} as in {Path.GetFileName(shards[0])}; keep data of other kinds in folders of their own");
                }

                long end = (long)_starts[i] + shard.Count;
                _starts[i + 1] = end <= Array.MaxLength ? (int)end : throw new ModelFormatException(path, $"holds more than {Array.MaxLength:N0} rows, split it");
                prompts.AddRange(shard.Prompts);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _prompts = [.. prompts];
    }

    public int Count => _starts[^1];

    public ClipKind Kind { get; }

    public Shape ClipShape { get; }

    public IReadOnlyDictionary<string, string> Notes { get; } = new Dictionary<string, string>();

    public string Prompt(int index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _prompts[index];
    }

    public Clip Read(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int shard = Array.BinarySearch(_starts, index);
        shard = shard >= 0 ? shard : ~shard - 1;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ClipShard rows = Open(shard);
            int row = index - _starts[shard];
            if (rows.Count != _starts[shard + 1] - _starts[shard] || rows.Shape != ClipShape || rows.Prompts[row] != _prompts[index])
            {
                throw new ModelFormatException(_paths[shard], "has been replaced by other rows since the store was opened; open it again");
            }

            return new Clip(_prompts[index], ClipShape, rows.Read(row));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _open.ForEach(static shard => shard.Rows.Dispose());
            _open.Clear();
        }
    }

    private ClipShard Open(int shard)
    {
        int place = _open.FindIndex(open => open.Shard == shard);
        (int Shard, ClipShard Rows) found = place < 0 ? (shard, ClipShard.Open(_paths[shard])) : _open[place];
        if (place >= 0)
        {
            _open.RemoveAt(place);
        }
        else if (_open.Count == MostOpen)
        {
            _open[0].Rows.Dispose();
            _open.RemoveAt(0);
        }

        _open.Add(found);
        return found.Rows;
    }
}
