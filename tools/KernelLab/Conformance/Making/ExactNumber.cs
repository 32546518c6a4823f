using System.Numerics;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>
/// A number that is never rounded: sign, integer magnitude and power of two, or an infinity, or not a number. Quotients and roots are cut far below
/// what any format holds, with a last bit that says whether something was cut, so that rounding them is exact too.
/// </summary>
internal readonly struct ExactNumber
{
    // More than twice the bits of binary64.
    private const int CutBits = 160;

    private ExactNumber(bool negative, BigInteger magnitude, int exponent, bool infinite, bool notANumber) =>
        (IsNegative, Magnitude, Exponent, IsInfinite, IsNotANumber) = (negative, magnitude, exponent, infinite, notANumber);

    /// <summary>Not a number.</summary>
    public static ExactNumber NotANumber => new(false, 0, 0, false, true);

    /// <summary>Whether it has a minus; zero may.</summary>
    public bool IsNegative { get; }

    /// <summary>Its absolute value, in units of two to the <see cref="Exponent"/>.</summary>
    public BigInteger Magnitude { get; }

    /// <summary>Power of two of a unit.</summary>
    public int Exponent { get; }

    /// <summary>Whether it is an infinity.</summary>
    public bool IsInfinite { get; }

    /// <summary>Whether it is not a number.</summary>
    public bool IsNotANumber { get; }

    /// <summary>Whether it is a zero of either sign.</summary>
    public bool IsZero => !IsInfinite && !IsNotANumber && Magnitude.IsZero;

    private BigInteger Signed => IsNegative ? -Magnitude : Magnitude;

    /// <summary>An infinity.</summary>
    public static ExactNumber Infinite(bool negative) => new(negative, 0, 0, true, false);

    /// <summary>A finite number.</summary>
    public static ExactNumber Finite(bool negative, BigInteger magnitude, int exponent) => new(negative, magnitude, exponent, false, false);

    /// <summary>An integer; zero is positive.</summary>
    public static ExactNumber Of(BigInteger value) => Finite(value.Sign < 0, BigInteger.Abs(value), 0);

    /// <summary>The value of a double.</summary>
    public static ExactNumber Of(double value) => FloatShape.F64.Decode(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>With the other sign.</summary>
    public ExactNumber Negated() => new(!IsNegative, Magnitude, Exponent, IsInfinite, IsNotANumber);

    /// <summary>Without its sign.</summary>
    public ExactNumber Absolute() => new(false, Magnitude, Exponent, IsInfinite, IsNotANumber);

    /// <summary>The sum. That of opposite numbers is positive zero, or negative zero when rounding down (IEEE 754, section 6.3).</summary>
    public static ExactNumber Add(ExactNumber x, ExactNumber y, Direction rounding = Direction.Nearest)
    {
        if (x.IsNotANumber || y.IsNotANumber || (x.IsInfinite && y.IsInfinite && x.IsNegative != y.IsNegative))
        {
            return NotANumber;
        }

        if (x.IsInfinite || y.IsInfinite)
        {
            return x.IsInfinite ? x : y;
        }

        int exponent = Math.Min(x.Exponent, y.Exponent);
        BigInteger sum = (x.Signed << (x.Exponent - exponent)) + (y.Signed << (y.Exponent - exponent));
        bool negative = !sum.IsZero ? sum.Sign < 0 : x.IsNegative == y.IsNegative && x.IsZero ? x.IsNegative : rounding == Direction.Down;
        return Finite(negative, BigInteger.Abs(sum), exponent);
    }

    /// <summary>The product.</summary>
    public static ExactNumber Multiply(ExactNumber x, ExactNumber y)
    {
        bool negative = x.IsNegative != y.IsNegative;
        if (x.IsNotANumber || y.IsNotANumber || (x.IsInfinite && y.IsZero) || (x.IsZero && y.IsInfinite))
        {
            return NotANumber;
        }

        return x.IsInfinite || y.IsInfinite ? Infinite(negative) : Finite(negative, x.Magnitude * y.Magnitude, x.Exponent + y.Exponent);
    }

    /// <summary>The quotient.</summary>
    public static ExactNumber Divide(ExactNumber x, ExactNumber y)
    {
        bool negative = x.IsNegative != y.IsNegative;
        if (x.IsNotANumber || y.IsNotANumber || (x.IsInfinite && y.IsInfinite) || (x.IsZero && y.IsZero))
        {
            return NotANumber;
        }

        if (x.IsInfinite || y.IsZero)
        {
            return Infinite(negative);
        }

        if (y.IsInfinite || x.IsZero)
        {
            return Finite(negative, 0, 0);
        }

        int shift = CutBits + (int)y.Magnitude.GetBitLength();
        BigInteger quotient = BigInteger.DivRem(x.Magnitude << shift, y.Magnitude, out BigInteger rest);
        return Finite(negative, (quotient << 1) | (rest.IsZero ? 0 : 1), x.Exponent - y.Exponent - shift - 1);
    }

    /// <summary>The square root; of a negative zero that zero.</summary>
    public static ExactNumber SquareRoot(ExactNumber x)
    {
        if (x.IsNotANumber || (x.IsNegative && !x.IsZero))
        {
            return NotANumber;
        }

        if (x.IsInfinite || x.IsZero)
        {
            return x;
        }

        int shift = (2 * CutBits) + (x.Exponent & 1);
        BigInteger square = x.Magnitude << shift, root = IntegerRoot(square);
        return Finite(false, (root << 1) | (root * root == square ? 0 : 1), ((x.Exponent - shift) / 2) - 1);
    }

    /// <summary>Less than 0, 0 or more than 0, by value; neither may be not a number.</summary>
    public static int Compare(ExactNumber x, ExactNumber y)
    {
        if (x.IsInfinite || y.IsInfinite)
        {
            int Rank(ExactNumber one) => !one.IsInfinite ? 0 : one.IsNegative ? -1 : 1;
            return Rank(x).CompareTo(Rank(y));
        }

        int exponent = Math.Min(x.Exponent, y.Exponent);
        return (x.Signed << (x.Exponent - exponent)).CompareTo(y.Signed << (y.Exponent - exponent));
    }

    /// <summary>The magnitude in units of two to a power, rounded.</summary>
    public BigInteger RoundedAt(int last, Direction rounding)
    {
        int drop = last - Exponent;
        if (drop <= 0)
        {
            return Magnitude << -drop;
        }

        BigInteger kept = Magnitude >> drop, rest = Magnitude - (kept << drop), half = BigInteger.One << (drop - 1);
        bool up = rounding switch
        {
            Direction.Nearest => rest > half || (rest == half && !kept.IsEven),
            Direction.Down => IsNegative && !rest.IsZero,
            Direction.Up => !IsNegative && !rest.IsZero,
            _ => false,
        };
        return up ? kept + 1 : kept;
    }

    /// <summary>The integer it is rounded to; it must be finite.</summary>
    public BigInteger ToInteger(Direction rounding) => IsNegative ? -RoundedAt(0, rounding) : RoundedAt(0, rounding);

    // Newton's method from above.
    private static BigInteger IntegerRoot(BigInteger square)
    {
        BigInteger root = BigInteger.One << (int)((square.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (square / root)) >> 1;
            if (next >= root)
            {
                return root;
            }

            root = next;
        }
    }
}
