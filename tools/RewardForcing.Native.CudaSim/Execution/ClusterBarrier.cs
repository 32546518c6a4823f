namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>The barrier of a cluster.</summary>
internal sealed class ClusterBarrier
{
    /// <summary>What those who arrived in this phase have seen (checked mode).</summary>
    public int[]? Arriving;

    /// <summary>Warps that have arrived in this phase.</summary>
    public int Arrived { get; set; }

    /// <summary>Times it was completed.</summary>
    public int Phase { get; private set; }

    /// <summary>What those who arrived in the last phase had seen.</summary>
    public int[]? Completed { get; private set; }

    /// <summary>Begins the next phase if every warp of the cluster that has not left its kernel is here.</summary>
    public void TryAdvance(ReadOnlySpan<Block> blocks)
    {
        int live = 0;
        foreach (Block block in blocks)
        {
            foreach (Warp warp in block.Warps)
            {
                live += warp.State != WarpState.Done || warp.ClusterPhase > Phase ? 1 : 0;
            }
        }

        if (Arrived > 0 && Arrived >= live)
        {
            (Arrived, Completed, Arriving) = (0, Arriving, null);
            Phase++;
        }
    }

    /// <summary>Makes it new.</summary>
    public void Reset() => (Arriving, Arrived, Phase, Completed) = (null, 0, 0, null);
}
