namespace RewardForcing.Native.Cuda;

/// <summary>How many threads a kernel is launched with, and with how much shared memory.</summary>
/// <param name="Grid">Blocks; a multiple of the cluster along each axis.</param>
/// <param name="Block">Threads of a block.</param>
/// <param name="DynamicSharedBytes">Shared memory of a block besides its variables, in bytes.</param>
public readonly record struct LaunchShape(CudaExtent Grid, CudaExtent Block, int DynamicSharedBytes = 0)
{
    /// <summary>Blocks of a cluster; all zero leaves it to what the kernel was compiled for.</summary>
    public CudaExtent Cluster { get; init; }

    /// <summary>Whether all blocks must be resident at once, so that they can wait for each other.</summary>
    public bool Cooperative { get; init; }

    /// <summary>
    /// Whether the kernel may start before the one ahead of it in the stream is done. It must then run <c>griddepcontrol.wait</c> before it
    /// reads or writes anything the one ahead touches.
    /// </summary>
    public bool OverlapsPrevious { get; init; }
}
