namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>A binary floating-point format of at most 32 bits, decoded to and encoded from double, which holds all its values.</summary>
/// <param name="ExponentBits">Bits of the exponent.</param>
/// <param name="MantissaBits">Bits of the fraction.</param>
/// <param name="HasInfinity">Whether the highest exponent means infinity and NaN; if not, only its last fraction is NaN (e4m3).</param>
/// <param name="Canonical">Bits of the NaN that results.</param>
internal sealed record FloatFormat(int ExponentBits, int MantissaBits, bool HasInfinity, uint Canonical)
{
    public static readonly FloatFormat Binary16 = new(5, 10, true, 0x7FFF);
    public static readonly FloatFormat BFloat16 = new(8, 7, true, 0x7FFF);
    public static readonly FloatFormat Binary32 = new(8, 23, true, 0x7FFFFFFF);
    public static readonly FloatFormat E4M3 = new(4, 3, false, 0x7F);
    public static readonly FloatFormat E5M2 = new(5, 2, true, 0x7F);

    private int Bias => (1 << (ExponentBits - 1)) - 1;

    private uint SignBit => 1u << (ExponentBits + MantissaBits);

    /// <summary>Bits of the largest finite value.</summary>
    public uint Largest => HasInfinity ? Infinity - 1 : SignBit - 2;

    /// <summary>Bits of infinity, or of NaN in a format without one.</summary>
    private uint Infinity => HasInfinity ? ((1u << ExponentBits) - 1) << MantissaBits : SignBit - 1;

    /// <summary>Value of bits.</summary>
    public double Decode(uint bits)
    {
        bool negative = (bits & SignBit) != 0;
        uint magnitude = bits & (SignBit - 1);
        double value;
        if (HasInfinity ? magnitude >= Infinity : magnitude == Infinity)
        {
            value = HasInfinity && magnitude == Infinity ? double.PositiveInfinity : double.NaN;
        }
        else
        {
            int exponent = (int)(magnitude >> MantissaBits);
            uint fraction = magnitude & ((1u << MantissaBits) - 1);
            value = exponent == 0
                ? Math.ScaleB(fraction, 1 - Bias - MantissaBits)
                : Math.ScaleB(fraction + (1u << MantissaBits), exponent - Bias - MantissaBits);
        }

        return negative ? -value : value;
    }

    /// <summary>Bits of the value nearest in a direction.</summary>
    /// <param name="value">What to represent.</param>
    /// <param name="rounding">Direction.</param>
    /// <param name="saturate">Whether what is too large becomes the largest finite value, infinities too.</param>
    public uint Encode(double value, Rounding rounding, bool saturate = false)
    {
        if (double.IsNaN(value))
        {
            return Canonical;
        }

        uint sign = double.IsNegative(value) ? SignBit : 0;
        double magnitude = Math.Abs(value);
        if (double.IsInfinity(value))
        {
            return sign | (saturate ? Largest : Infinity);
        }

        if (magnitude == 0)
        {
            return sign;
        }

        // Units of the last place: below the smallest normal exponent they stay the same.
        int exponent = Math.Max(Math.ILogB(magnitude), 1 - Bias);
        double units = Math.ScaleB(magnitude, MantissaBits - exponent);
        double whole = Math.Floor(units), rest = units - whole;
        bool up = rounding switch
        {
            Rounding.NearestEven => rest > 0.5 || (rest == 0.5 && whole % 2 != 0),
            Rounding.NearestAway => rest >= 0.5,
            Rounding.Zero => false,
            Rounding.Down => sign != 0 && rest > 0,
            _ => sign == 0 && rest > 0,
        };

        // The carry runs into the exponent by itself.
        long bits = ((long)(exponent + Bias - 1) << MantissaBits) + (long)whole + (up ? 1 : 0);
        if (bits <= Largest)
        {
            return sign | (uint)bits;
        }

        bool toLargest = saturate || rounding == Rounding.Zero || (rounding == Rounding.Down && sign == 0) || (rounding == Rounding.Up && sign != 0);
        return sign | (toLargest ? Largest : Infinity);
    }
}
