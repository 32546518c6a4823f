using System.Numerics;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>A binary floating-point format (IEEE 754, section 3.4): where its bits are, and how an exact value is rounded to it.</summary>
/// <param name="ExponentBits">Bits of the exponent.</param>
/// <param name="FractionBits">Bits of the fraction.</param>
internal sealed record FloatShape(int ExponentBits, int FractionBits)
{
    /// <summary>binary16.</summary>
    public static readonly FloatShape F16 = new(5, 10);

    /// <summary>bfloat16.</summary>
    public static readonly FloatShape BF16 = new(8, 7);

    /// <summary>binary32.</summary>
    public static readonly FloatShape F32 = new(8, 23);

    /// <summary>binary64.</summary>
    public static readonly FloatShape F64 = new(11, 52);

    /// <summary>Four exponent bits; without infinities, all ones is not a number (PTX ISA, "Alternate Floating-Point Data Formats").</summary>
    public static readonly FloatShape E4M3 = new(4, 3) { HasInfinity = false };

    /// <summary>Five exponent bits.</summary>
    public static readonly FloatShape E5M2 = new(5, 2);

    /// <summary>Whether the largest exponent is kept for infinities.</summary>
    public bool HasInfinity { get; init; } = true;

    /// <summary>Bytes of a value.</summary>
    public int Bytes => (1 + ExponentBits + FractionBits) / 8;

    private int Bias => (1 << (ExponentBits - 1)) - 1;

    private ulong SignBit => 1UL << (ExponentBits + FractionBits);

    private int TopExponent => (1 << ExponentBits) - 1;

    private ulong FractionMask => (1UL << FractionBits) - 1;

    /// <summary>Positive infinity.</summary>
    public ulong Infinity => (ulong)TopExponent << FractionBits;

    /// <summary>A value that is not a number.</summary>
    public ulong NotANumber => SignBit - 1;

    /// <summary>The largest finite value.</summary>
    public ulong Largest => HasInfinity ? Infinity - 1 : NotANumber - 1;

    /// <summary>Whether bits are not a number.</summary>
    public bool IsNotANumber(ulong bits) => HasInfinity ? (bits & (SignBit - 1)) > Infinity : (bits & (SignBit - 1)) == NotANumber;

    /// <summary>The value of bits.</summary>
    public ExactNumber Decode(ulong bits)
    {
        bool negative = (bits & SignBit) != 0;
        int exponent = (int)(bits >> FractionBits) & TopExponent;
        if (IsNotANumber(bits))
        {
            return ExactNumber.NotANumber;
        }

        if (HasInfinity && exponent == TopExponent)
        {
            return ExactNumber.Infinite(negative);
        }

        BigInteger fraction = bits & FractionMask;
        return exponent == 0
            ? ExactNumber.Finite(negative, fraction, 1 - Bias - FractionBits)
            : ExactNumber.Finite(negative, fraction + (BigInteger.One << FractionBits), exponent - Bias - FractionBits);
    }

    /// <summary>Rounds to the format.</summary>
    /// <param name="value">The exact value.</param>
    /// <param name="rounding">The direction.</param>
    /// <param name="saturate">Whether what is too large becomes the largest finite value.</param>
    public ulong Encode(ExactNumber value, Direction rounding = Direction.Nearest, bool saturate = false)
    {
        if (value.IsNotANumber)
        {
            return NotANumber;
        }

        ulong sign = value.IsNegative ? SignBit : 0;
        if (value.IsInfinite)
        {
            return sign | (saturate || !HasInfinity ? Largest : Infinity);
        }

        if (value.Magnitude.IsZero)
        {
            return sign;
        }

        // The place of the last bit that can be kept: no lower than that of the smallest value.
        int top = value.Exponent + (int)value.Magnitude.GetBitLength() - 1;
        int last = Math.Max(top, 1 - Bias) - FractionBits;
        BigInteger kept = value.RoundedAt(last, rounding);
        ulong bits = Assembled(kept, last);
        ulong limit = HasInfinity ? Infinity : NotANumber;
        if (bits >= limit)
        {
            bool toLargest = saturate || rounding == Direction.Zero || (rounding == Direction.Down && !value.IsNegative) || (rounding == Direction.Up && value.IsNegative);
            return sign | (toLargest ? Largest : limit);
        }

        return sign | bits;
    }

    // A carry out of the fraction is one more of the exponent, which is what adding does.
    private ulong Assembled(BigInteger kept, int last)
    {
        BigInteger hidden = BigInteger.One << FractionBits;
        int exponent = last + FractionBits + Bias;
        return kept < hidden ? (ulong)kept : (ulong)(kept - hidden + ((BigInteger)exponent << FractionBits));
    }
}
