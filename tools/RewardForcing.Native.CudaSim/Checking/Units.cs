namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Names of the units that checks look at.</summary>
internal static class Units
{
    private static readonly string[] Names = ["byte", "half-word", "word"];

    /// <summary>Name of a unit of 1, 2 or 4 bytes.</summary>
    /// <param name="shift">Logarithm of its size.</param>
    public static string Name(int shift) => Names[shift];
}
