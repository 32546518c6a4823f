namespace RewardForcing.Native.KernelLab;

/// <summary>What one multiprocessor of an H100 (SXM) does in a cycle. Assumed, not measured by us; printed with every result.</summary>
/// <remarks>
/// NVIDIA H100 Tensor Core GPU Architecture (whitepaper, 2022): multiprocessors, clock, dense bfloat16 rate, memory. CUDA C++ Programming
/// Guide, "Throughput of Native Arithmetic Instructions", compute capability 9.0. The share of <c>mma.sync</c> and the width of the path to
/// the second-level cache are estimates.
/// </remarks>
internal static class H100
{
    /// <summary>Multiprocessors.</summary>
    public const int Multiprocessors = 132;

    /// <summary>Cycles per second under load.</summary>
    public const double Clock = 1.755e9;

    /// <summary>Dense bfloat16 multiply-adds of the four tensor cores by <c>wgmma</c>.</summary>
    public const double WarpgroupMultiplyAdds = 4 * 512;

    /// <summary>The same by <c>mma.sync</c>, which does not keep them as busy.</summary>
    public const double MatrixMultiplyAdds = 0.62 * WarpgroupMultiplyAdds;

    /// <summary>Bytes of shared memory: 32 banks of four bytes.</summary>
    public const double SharedBytes = 128;

    /// <summary>Bytes from and to the second-level cache; optimistic.</summary>
    public const double CacheBytes = 64;

    /// <summary>Bytes per second of the memory, of the whole device.</summary>
    public const double MemoryBytesPerSecond = 3.35e12;

    /// <summary>Warp instructions issued.</summary>
    public const double Issue = 4;

    /// <summary>Lane results of each kind.</summary>
    public const double Special = 16, Float = 128, Double = 64, Integer = 64, Convert = 64, Exchange = 32;

    /// <summary>Cycles of one multiprocessor in which its share of the memory moves a byte.</summary>
    public const double CyclesPerMemoryByte = Multiprocessors * Clock / MemoryBytesPerSecond;

    /// <summary>The numbers above in a few lines.</summary>
    public static IReadOnlyList<string> Assumptions { get; } =
    [
        $"H100 SXM: {Multiprocessors} multiprocessors at {Clock / 1e9:0.000} GHz, all numbers below per multiprocessor and cycle",
        $"tensor cores {WarpgroupMultiplyAdds:0} bfloat16 multiply-adds by wgmma, {MatrixMultiplyAdds / WarpgroupMultiplyAdds:0 %} of that by mma.sync",
        $"shared memory {SharedBytes} bytes; path to the second-level cache {CacheBytes} bytes (optimistic), every access counted as if nothing were in the first-level cache",
        $"device memory {MemoryBytesPerSecond / 1e12:0.00} TB/s, every operand moved once; the second-level cache holds what is read again",
        $"warp instructions {Issue}; lane results: special {Special}, float {Float}, double {Double}, integer and conversion {Integer}, exchange {Exchange}",
        "PTX instructions stand for machine instructions, divisions for an estimated number of them, moves for none; latency, barriers and the tail of a grid are not in a roofline",
    ];
}
