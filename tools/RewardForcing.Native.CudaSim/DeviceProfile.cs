namespace RewardForcing.Native.CudaSim;

/// <summary>What a simulated device says of itself: the numbers of a real one.</summary>
/// <param name="Name">Product name.</param>
/// <param name="Major">First number of the compute capability.</param>
/// <param name="Minor">Second number of the compute capability.</param>
public sealed record DeviceProfile(string Name, int Major, int Minor)
{
    /// <summary>Number of multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Shared memory of a multiprocessor, in bytes.</summary>
    public required int SharedBytesPerMultiprocessor { get; init; }

    /// <summary>Shared memory that the system takes from every block, in bytes.</summary>
    public int ReservedSharedBytes { get; init; } = 1024;

    /// <summary>Most threads a multiprocessor holds.</summary>
    public required int ThreadsPerMultiprocessor { get; init; }

    /// <summary>Most blocks a multiprocessor holds.</summary>
    public required int BlocksPerMultiprocessor { get; init; }

    /// <summary>Device memory in bytes.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>Size of the L2 cache, in bytes.</summary>
    public required int L2CacheBytes { get; init; }

    /// <summary>Peak clock, in kHz.</summary>
    public required int ClockKilohertz { get; init; }

    /// <summary>Peak clock of the memory, in kHz.</summary>
    public required int MemoryClockKilohertz { get; init; }

    /// <summary>Width of the memory bus, in bits.</summary>
    public required int MemoryBusBits { get; init; }

    /// <summary>Compute capability as 10 * major + minor.</summary>
    public int Architecture => (10 * Major) + Minor;

    /// <summary>Shared memory a block may have when its kernel asks for more than 48 KiB, in bytes.</summary>
    public int SharedBytesPerBlock => SharedBytesPerMultiprocessor - ReservedSharedBytes;

    /// <summary>Ampere, <c>sm_80</c>.</summary>
    public static DeviceProfile A100 => new("NVIDIA A100-SXM4-80GB (simulated)", 8, 0)
    {
        Multiprocessors = 108,
        SharedBytesPerMultiprocessor = 164 << 10,
        ThreadsPerMultiprocessor = 2048,
        BlocksPerMultiprocessor = 32,
        MemoryBytes = 80UL << 30,
        L2CacheBytes = 40 << 20,
        ClockKilohertz = 1_410_000,
        MemoryClockKilohertz = 1_593_000,
        MemoryBusBits = 5120,
    };

    /// <summary>Ada, <c>sm_89</c>: less shared memory, fewer threads.</summary>
    public static DeviceProfile Rtx4090 => new("NVIDIA GeForce RTX 4090 (simulated)", 8, 9)
    {
        Multiprocessors = 128,
        SharedBytesPerMultiprocessor = 100 << 10,
        ThreadsPerMultiprocessor = 1536,
        BlocksPerMultiprocessor = 24,
        MemoryBytes = 24UL << 30,
        L2CacheBytes = 72 << 20,
        ClockKilohertz = 2_520_000,
        MemoryClockKilohertz = 10_501_000,
        MemoryBusBits = 384,
    };

    /// <summary>Hopper, <c>sm_90</c>: tensor maps, clusters and products of whole warpgroups.</summary>
    public static DeviceProfile H100 => new("NVIDIA H100 80GB HBM3 (simulated)", 9, 0)
    {
        Multiprocessors = 132,
        SharedBytesPerMultiprocessor = 228 << 10,
        ThreadsPerMultiprocessor = 2048,
        BlocksPerMultiprocessor = 32,
        MemoryBytes = 80UL << 30,
        L2CacheBytes = 50 << 20,
        ClockKilohertz = 1_980_000,
        MemoryClockKilohertz = 2_619_000,
        MemoryBusBits = 5120,
    };
}
