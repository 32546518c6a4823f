namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Elements of a factor of a matrix product: how they are drawn and what they are worth.</summary>
/// <param name="Name">PTX type.</param>
internal sealed record FactorShape(string Name)
{
    /// <summary>Bytes of an element; tf32 takes a word, of which the lower 13 bits are zero.</summary>
    public int Bytes => ValueSet.WidthOf(Name);

    /// <summary>Whether it is an integer.</summary>
    public bool IsInteger => Name[0] is 's' or 'u';

    private FloatShape Shape => Name == "tf32" ? FloatShape.F32 : ResultRule.ShapeOf(Name)!;

    /// <summary>Bits of a small integer.</summary>
    public ulong Integer(Random random)
    {
        int value = random.Next(IsInteger && Name[0] == 'u' ? 0 : -4, 5);
        return IsInteger ? (byte)value : Shape.Encode(ExactNumber.Of((double)value));
    }

    /// <summary>Bits of any integer, or of a float between -1 and 1.</summary>
    public ulong Any(Random random)
    {
        if (IsInteger)
        {
            return (ulong)random.Next(256);
        }

        ulong bits = Shape.Encode(ExactNumber.Of((random.NextDouble() * 2) - 1));
        return Name == "tf32" ? bits & 0xFFFFE000 : bits;
    }

    /// <summary>The value of bits.</summary>
    public double Value(ulong bits) => IsInteger
        ? (double)new IntegerShape(Name).Decode(bits)
        : BitConverter.UInt64BitsToDouble(FloatShape.F64.Encode(Shape.Decode(bits)));

    /// <summary>
    /// Largest error of a sum of up to 64 products of numbers up to 1. The ISA leaves order, alignment and rounding of a tensor core's sums open ("the accumulation
    /// order, rounding and handling of subnormal inputs are unspecified"); this is what sums cut to the bits that are known to be kept can lose.
    /// </summary>
    public double Bound(string accumulator) => accumulator == "f16" ? Math.ScaleB(1, -5) : Name is "e4m3" or "e5m2" ? Math.ScaleB(1, -7) : Math.ScaleB(1, -16);
}
