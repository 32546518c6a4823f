namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>One of the sixteen barriers of a block.</summary>
internal sealed class BlockBarrier
{
    /// <summary>Expected count for "all warps that live".</summary>
    public const int Everyone = -1;

    /// <summary>Warps that have arrived.</summary>
    public int Arrived;

    /// <summary>Warps that must arrive, or <see cref="Everyone"/>.</summary>
    public int Expected;

    /// <summary>Warps that wait.</summary>
    public uint Waiting;

    /// <summary>What those who arrived have seen (checked mode).</summary>
    public int[]? Clock;

    /// <summary>Lanes whose predicate held, and lanes in all, for the reductions.</summary>
    public int Holding, Lanes;

    /// <summary>Results of the last two reductions: a warp may still read one while the next begins.</summary>
    public readonly (int Holding, int Lanes)[] Results = new (int, int)[2];

    /// <summary>Times it was completed.</summary>
    public int Phase;

    /// <summary>Makes it new.</summary>
    public void Reset()
    {
        (Arrived, Expected, Waiting, Holding, Lanes, Phase) = (0, 0, 0, 0, 0, 0);
        Clock = null;
    }
}
