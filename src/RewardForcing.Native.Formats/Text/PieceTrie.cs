using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Finds the pieces of a vocabulary that begin at a place of a text: the sorted pieces, narrowed down byte by byte.</summary>
internal sealed class PieceTrie
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly int[] _ids;
    private readonly Node[] _first = new Node[256];

    /// <summary>Sorts the pieces.</summary>
    /// <param name="pieces">Text and number of each; texts are not empty and differ.</param>
    public PieceTrie(IReadOnlyCollection<(string Text, int Id)> pieces)
    {
        (byte[] Bytes, int Id)[] sorted = [.. pieces.Select(static piece => (Encoding.UTF8.GetBytes(piece.Text), piece.Id))];
        Array.Sort(sorted, static (left, right) => left.Bytes.AsSpan().SequenceCompareTo(right.Bytes));
        _bytes = new byte[sorted.Sum(static piece => piece.Bytes.Length)];
        _starts = new int[sorted.Length + 1];
        _ids = Array.ConvertAll(sorted, static piece => piece.Id);
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i].Bytes.CopyTo(_bytes.AsSpan(_starts[i]));
            _starts[i + 1] = _starts[i] + sorted[i].Bytes.Length;
        }

        for (int i = 0; i < sorted.Length; i++)
        {
            byte lead = sorted[i].Bytes[0];
            _first[lead] = new Node(_first[lead].Depth == 0 ? i : _first[lead].Low, i + 1, 1);
        }
    }

    /// <summary>The pieces that share the bytes read so far.</summary>
    /// <param name="Low">The first of them.</param>
    /// <param name="High">Behind the last of them.</param>
    /// <param name="Depth">Bytes read.</param>
    public readonly record struct Node(int Low, int High, int Depth);

    /// <summary>Reads a byte.</summary>
    /// <param name="node">Where to go on from; its default is the start.</param>
    /// <param name="next">The byte.</param>
    /// <returns>Whether there are pieces that go on like this.</returns>
    public bool Step(ref Node node, byte next)
    {
        if (node.Depth == 0)
        {
            node = _first[next];
            return node.Depth != 0;
        }

        int low = Bound(node, next);
        int high = next == byte.MaxValue ? node.High : Bound(node with { Low = low }, next + 1);
        node = new Node(low, high, node.Depth + 1);
        return low < high;
    }

    /// <summary>The piece that ends here, or -1.</summary>
    public int PieceAt(Node node) => _starts[node.Low + 1] - _starts[node.Low] == node.Depth ? _ids[node.Low] : -1;

    // The first piece whose byte at the depth is at least this; a piece that ends there comes before all others.
    private int Bound(Node node, int value)
    {
        (int low, int high) = (node.Low, node.High);
        while (low < high)
        {
            int middle = (low + high) / 2;
            int at = _starts[middle] + node.Depth;
            if (at >= _starts[middle + 1] || _bytes[at] < value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
