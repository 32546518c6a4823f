namespace RewardForcing.Native.Cuda;

/// <summary>What every address of a matrix will be a multiple of, in bytes: powers of two, 256 for a fresh allocation.</summary>
/// <param name="A">For A.</param>
/// <param name="B">For B.</param>
/// <param name="C">For C.</param>
/// <param name="D">For D.</param>
public readonly record struct BlasAlignment(int A, int B, int C, int D)
{
    /// <summary>Largest power of two, up to 256, that an address is a multiple of.</summary>
    /// <param name="address">Address of device memory.</param>
    public static int Of(ulong address) => address == 0 ? 256 : 1 << Math.Min(8, System.Numerics.BitOperations.TrailingZeroCount(address));
}
