namespace RewardForcing.Native.Cuda;

/// <summary>A number a device reports about itself; values are those of <c>CUdevice_attribute</c>.</summary>
public enum CudaDeviceAttribute
{
    /// <summary>Most threads in a block.</summary>
    MaxThreadsPerBlock = 1,

    /// <summary>Most threads in a block along x.</summary>
    MaxBlockX = 2,

    /// <summary>Most threads in a block along y.</summary>
    MaxBlockY = 3,

    /// <summary>Most threads in a block along z.</summary>
    MaxBlockZ = 4,

    /// <summary>Most blocks along x.</summary>
    MaxGridX = 5,

    /// <summary>Most blocks along y.</summary>
    MaxGridY = 6,

    /// <summary>Most blocks along z.</summary>
    MaxGridZ = 7,

    /// <summary>Shared memory a block has without asking for more, in bytes.</summary>
    MaxSharedBytesPerBlock = 8,

    /// <summary>Lanes of a warp.</summary>
    WarpSize = 10,

    /// <summary>32-bit registers a block may use.</summary>
    MaxRegistersPerBlock = 12,

    /// <summary>Peak clock, in kHz.</summary>
    ClockKilohertz = 13,

    /// <summary>Number of multiprocessors.</summary>
    Multiprocessors = 16,

    /// <summary>Whether the system ends kernels that run too long, 0 or 1.</summary>
    KernelTimeout = 17,

    /// <summary>Whether the device shares memory with the host, 0 or 1.</summary>
    Integrated = 18,

    /// <summary>Peak clock of the memory, in kHz.</summary>
    MemoryClockKilohertz = 36,

    /// <summary>Width of the memory bus, in bits.</summary>
    MemoryBusBits = 37,

    /// <summary>Size of the L2 cache, in bytes.</summary>
    L2CacheBytes = 38,

    /// <summary>Most threads a multiprocessor holds.</summary>
    MaxThreadsPerMultiprocessor = 39,

    /// <summary>Number of copy engines.</summary>
    CopyEngines = 40,

    /// <summary>First number of the compute capability.</summary>
    ComputeCapabilityMajor = 75,

    /// <summary>Second number of the compute capability.</summary>
    ComputeCapabilityMinor = 76,

    /// <summary>Shared memory of a multiprocessor, in bytes.</summary>
    MaxSharedBytesPerMultiprocessor = 81,

    /// <summary>32-bit registers of a multiprocessor.</summary>
    MaxRegistersPerMultiprocessor = 82,

    /// <summary>Whether all blocks of a grid can wait for each other, 0 or 1.</summary>
    CooperativeLaunch = 95,

    /// <summary>Shared memory a block may have when its kernel asks for more, in bytes.</summary>
    MaxSharedBytesPerBlockOptIn = 97,

    /// <summary>Most blocks a multiprocessor holds.</summary>
    MaxBlocksPerMultiprocessor = 106,

    /// <summary>Shared memory the driver takes from every block, in bytes.</summary>
    ReservedSharedBytesPerBlock = 111,

    /// <summary>Whether there is stream-ordered memory, 0 or 1.</summary>
    MemoryPools = 115,

    /// <summary>Whether blocks can be launched in clusters, 0 or 1.</summary>
    ClusterLaunch = 120,

    /// <summary>Whether kernels can copy by tensor map, 0 or 1.</summary>
    TensorMaps = 127,
}
