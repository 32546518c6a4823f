namespace RewardForcing.Native.Cuda;

/// <summary>A number that belongs to a loaded kernel; values are those of <c>CUfunction_attribute</c>.</summary>
public enum CudaFunctionAttribute
{
    /// <summary>Most threads in a block, from its launch bounds and registers.</summary>
    MaxThreadsPerBlock = 0,

    /// <summary>Shared memory its variables take, in bytes.</summary>
    StaticSharedBytes = 1,

    /// <summary>Constant memory its variables take, in bytes.</summary>
    ConstantBytes = 2,

    /// <summary>Local memory of one thread, in bytes; spills are part of it.</summary>
    LocalBytes = 3,

    /// <summary>32-bit registers of one thread.</summary>
    Registers = 4,

    /// <summary>PTX version it was compiled from, 10 * major + minor.</summary>
    PtxVersion = 5,

    /// <summary>Architecture of its machine code, 10 * major + minor.</summary>
    BinaryVersion = 6,

    /// <summary>Dynamic shared memory a launch may ask for, in bytes. Can be set, up to the device's opt-in limit less the static part.</summary>
    MaxDynamicSharedBytes = 8,

    /// <summary>Wished share of the L1 cache used as shared memory, in percent; -1 leaves it to the driver. Can be set.</summary>
    SharedCarveout = 9,

    /// <summary>Whether a launch must name a cluster shape, 0 or 1.</summary>
    ClusterSizeMustBeSet = 10,

    /// <summary>Cluster width the kernel was compiled for, or 0.</summary>
    RequiredClusterX = 11,

    /// <summary>Cluster height the kernel was compiled for, or 0.</summary>
    RequiredClusterY = 12,

    /// <summary>Cluster depth the kernel was compiled for, or 0.</summary>
    RequiredClusterZ = 13,

    /// <summary>Whether clusters of more than 8 blocks are allowed, 0 or 1. Can be set.</summary>
    NonPortableClusterSizeAllowed = 14,
}
