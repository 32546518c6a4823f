namespace RewardForcing.Native.KernelLab;

/// <summary>What one multiprocessor of an architecture holds.</summary>
/// <param name="Architecture">Name as the compiler takes it.</param>
/// <param name="Registers">32-bit registers.</param>
/// <param name="SharedBytes">Shared memory for blocks.</param>
/// <param name="Warps">Warps at once.</param>
/// <param name="Blocks">Blocks at once.</param>
/// <remarks>CUDA C++ Programming Guide, table of technical specifications per compute capability.</remarks>
internal sealed record Multiprocessor(string Architecture, int Registers, int SharedBytes, int Warps, int Blocks)
{
    private const int WarpThreads = 32;

    // Registers are given to a warp in pieces of this size, and the system keeps this much shared memory of each block.
    private const int RegisterPiece = 256;
    private const int ReservedSharedBytes = 1024;

    /// <summary>The architectures kernels are compiled for.</summary>
    public static IReadOnlyList<Multiprocessor> All { get; } =
    [
        new("sm_80", 65536, 164 * 1024, 64, 32),
        new("sm_86", 65536, 100 * 1024, 48, 16),
        new("sm_89", 65536, 100 * 1024, 48, 24),
        new("sm_90a", 65536, 228 * 1024, 64, 32),
    ];

    /// <summary>Blocks of a kernel that fit at once.</summary>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="registers">Registers of a thread.</param>
    /// <param name="sharedBytes">Shared memory of a block.</param>
    public int FittingBlocks(int threads, int registers, int sharedBytes)
    {
        int warps = (threads + WarpThreads - 1) / WarpThreads;
        int registersOfWarp = ((registers * WarpThreads) + RegisterPiece - 1) / RegisterPiece * RegisterPiece;
        int byRegisters = registersOfWarp == 0 ? Blocks : Registers / registersOfWarp / warps;
        int byShared = SharedBytes / (sharedBytes + ReservedSharedBytes);
        return Math.Min(Math.Min(Blocks, Warps / warps), Math.Min(byRegisters, byShared));
    }

    /// <summary>Share of the warps a multiprocessor could hold that these blocks bring, 0 to 1.</summary>
    public double Occupancy(int threads, int blocks) => (double)blocks * ((threads + WarpThreads - 1) / WarpThreads) / Warps;
}
