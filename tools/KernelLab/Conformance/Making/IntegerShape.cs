using System.Globalization;
using System.Numerics;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>An integer type: its values are those of its bits, modulo two to its width.</summary>
/// <param name="Name">Such as <c>s32</c>.</param>
internal sealed record IntegerShape(string Name)
{
    /// <summary>The types that arithmetic has.</summary>
    public static readonly IntegerShape[] Arithmetic = [new("s16"), new("u16"), new("s32"), new("u32"), new("s64"), new("u64")];

    /// <summary>Whether it has negative values.</summary>
    public bool IsSigned => Name[0] == 's';

    /// <summary>Bits of a value.</summary>
    public int Width { get; } = int.Parse(Name[1..], CultureInfo.InvariantCulture);

    /// <summary>The smallest value.</summary>
    public BigInteger Least => IsSigned ? -(BigInteger.One << (Width - 1)) : 0;

    /// <summary>The largest value.</summary>
    public BigInteger Most => (BigInteger.One << (IsSigned ? Width - 1 : Width)) - 1;

    /// <summary>The value of bits.</summary>
    public BigInteger Decode(ulong bits)
    {
        BigInteger value = bits & (ulong)((BigInteger.One << Width) - 1);
        return IsSigned && !(value >> (Width - 1)).IsZero ? value - (BigInteger.One << Width) : value;
    }

    /// <summary>The bits of a value, modulo two to the width.</summary>
    public ulong Encode(BigInteger value) => (ulong)(value & ((BigInteger.One << Width) - 1));

    /// <summary>The nearest value there is.</summary>
    public BigInteger Clamp(BigInteger value) => BigInteger.Clamp(value, Least, Most);
}
