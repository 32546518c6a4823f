namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Ranges of bytes that neither overlap nor touch, in order.</summary>
internal sealed class Ranges
{
    private readonly (ulong First, ulong End)[] _ranges;

    /// <summary>Joins ranges.</summary>
    public Ranges(IEnumerable<(ulong First, ulong End)> ranges)
    {
        List<(ulong First, ulong End)> joined = [];
        foreach ((ulong first, ulong end) in ranges.Order())
        {
            if (joined.Count > 0 && first <= joined[^1].End)
            {
                joined[^1] = (joined[^1].First, Math.Max(end, joined[^1].End));
            }
            else
            {
                joined.Add((first, end));
            }
        }

        _ranges = [.. joined];
    }

    /// <summary>No range.</summary>
    public static Ranges None { get; } = new([]);

    /// <summary>The first bytes that are in both, or null.</summary>
    public (ulong First, ulong End)? Meet(Ranges other)
    {
        for (int i = 0, j = 0; i < _ranges.Length && j < other._ranges.Length;)
        {
            (ulong first, ulong end) = (Math.Max(_ranges[i].First, other._ranges[j].First), Math.Min(_ranges[i].End, other._ranges[j].End));
            if (first < end)
            {
                return (first, end);
            }

            _ = _ranges[i].End <= other._ranges[j].End ? i++ : j++;
        }

        return null;
    }

    /// <summary>Whether all bytes of the others are in these.</summary>
    public bool Cover(Ranges other)
    {
        int i = 0;
        foreach ((ulong first, ulong end) in other._ranges)
        {
            while (i < _ranges.Length && _ranges[i].End < end)
            {
                i++;
            }

            if (i == _ranges.Length || _ranges[i].First > first)
            {
                return false;
            }
        }

        return true;
    }
}
