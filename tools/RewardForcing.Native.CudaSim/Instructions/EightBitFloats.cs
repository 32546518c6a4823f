namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>The values of 8-bit floats, by their bits.</summary>
internal static class EightBitFloats
{
    /// <summary>Four exponent bits.</summary>
    public static readonly float[] E4M3 = [.. Enumerable.Range(0, 256).Select(bits => (float)FloatFormat.E4M3.Decode((uint)bits))];

    /// <summary>Five exponent bits.</summary>
    public static readonly float[] E5M2 = [.. Enumerable.Range(0, 256).Select(bits => (float)FloatFormat.E5M2.Decode((uint)bits))];
}
