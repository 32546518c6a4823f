using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rows of several stores, one after the other, or the first rows only.</summary>
internal sealed class JoinedClipStore : IClipStore
{
    private readonly IClipStore[] _parts;
    private readonly int[] _starts;

    /// <summary>Joins stores.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="parts">Owned from here on.</param>
    /// <param name="most">Rows to show at most.</param>
    public JoinedClipStore(string path, IClipStore[] parts, int most = int.MaxValue)
    {
        _parts = parts;
        _starts = new int[parts.Length + 1];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Kind != Kind || parts[i].ClipShape != ClipShape)
            {
                Dispose();
                throw new ModelFormatException(path, $"holds {parts[i].Kind} of {parts[i].ClipShape} in part {i}, expected {Kind} of {ClipShape} as in part 0; keep data of other kinds in folders of their own");
            }

            _starts[i + 1] = checked(_starts[i] + parts[i].Count);
        }

        Count = Math.Min(most, _starts[^1]);
    }

    public int Count { get; }

    public ClipKind Kind => _parts[0].Kind;

    public Shape ClipShape => _parts[0].ClipShape;

    public IReadOnlyDictionary<string, string> Notes => _parts[0].Notes;

    public string Prompt(int index)
    {
        (IClipStore part, int row) = Find(index);
        return part.Prompt(row);
    }

    public Clip Read(int index)
    {
        (IClipStore part, int row) = Find(index);
        return part.Read(row);
    }

    public void Dispose() => Array.ForEach(_parts, static part => part.Dispose());

    private (IClipStore Part, int Row) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int part = Array.BinarySearch(_starts, index);
        part = part >= 0 ? part : ~part - 1;
        return (_parts[part], index - _starts[part]);
    }
}
