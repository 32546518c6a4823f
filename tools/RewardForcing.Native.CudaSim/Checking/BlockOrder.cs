namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What a block has seen of the other blocks of its launch: through atomics, flags and fences.</summary>
/// <param name="number">Number of the block.</param>
internal sealed class BlockOrder(long number)
{
    private Dictionary<long, long>? _seen;
    private long _fenced;

    /// <summary>Number of the block.</summary>
    public long Number => number;

    /// <summary>Its present moment.</summary>
    public long Moment { get; private set; } = 1;

    /// <summary>Whether it has seen any other.</summary>
    public bool HasSeenAny => _seen is not null;

    /// <summary>Whether it has seen a moment of another block.</summary>
    public bool HasSeen(long other, long moment) => _seen is not null && _seen.TryGetValue(other, out long seen) && seen >= moment;

    /// <summary>A fence: what was done before it is given away by the next strong write.</summary>
    public void Fence() => _fenced = Moment++;

    /// <summary>Gives away what was done before the last fence.</summary>
    public void Release(Dictionary<long, long> clock)
    {
        foreach ((long other, long moment) in _seen ?? [])
        {
            clock[other] = Math.Max(clock.GetValueOrDefault(other), moment);
        }

        if (_fenced > 0)
        {
            clock[number] = Math.Max(clock.GetValueOrDefault(number), _fenced);
        }
    }

    /// <summary>Sees what others gave away.</summary>
    public void Acquire(Dictionary<long, long> clock)
    {
        foreach ((long other, long moment) in clock)
        {
            if (other != number)
            {
                _seen ??= [];
                _seen[other] = Math.Max(_seen.GetValueOrDefault(other), moment);
            }
        }
    }
}
