namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Whether a warp can run.</summary>
internal enum WarpState
{
    /// <summary>It can.</summary>
    Ready,

    /// <summary>It waits at a barrier of its block.</summary>
    AtBarrier,

    /// <summary>It asked an mbarrier, a cluster barrier or an asynchronous product and was told to wait; it is asked again each round.</summary>
    Polling,

    /// <summary>It waits for the other warps of its warpgroup to start the products it waits for.</summary>
    AtProducts,

    /// <summary>All its lanes have left the kernel.</summary>
    Done,
}
