using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A launch: what all its blocks share.</summary>
internal sealed class Grid
{
    public required KernelProgram Program { get; init; }

    public required LaunchShape Shape { get; init; }

    /// <summary>Byte image of the arguments.</summary>
    public required byte[] Arguments { get; init; }

    public required DeviceMemory Memory { get; init; }

    public required SimulationOptions Options { get; init; }

    /// <summary>Number of the launch on its device.</summary>
    public required ulong Serial { get; init; }

    /// <summary>Blocks of a cluster; all ones without.</summary>
    public CudaExtent Cluster => Shape.Cluster.Count > 0 ? Shape.Cluster
        : Program.Kernel.Cluster.X > 0 ? new CudaExtent(Program.Kernel.Cluster.X, Program.Kernel.Cluster.Y, Program.Kernel.Cluster.Z) : new CudaExtent(1);

    /// <summary>Bytes of shared memory of a block.</summary>
    public int SharedBytes => Program.SharedBytes + Shape.DynamicSharedBytes;

    /// <summary>Warps of a block.</summary>
    public int WarpsPerBlock => (int)((Shape.Block.Count + Lanes.Count - 1) / Lanes.Count);
}
