using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// Arithmetic of binary16 and bfloat16, alone and in pairs. Sums and products of such values are exact in double or, for a fused product and sum,
/// kept with a trace of what was cut, so that rounding to 16 bits is right.
/// </summary>
internal static class HalfArithmetic
{
    public static void Two(Lowering l, PtxInstruction i, Modifiers m, PtxType t, Func<double, double, double> function)
    {
        Func<ulong, ulong, ulong> each = Each(m, t, function);
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t.Packed == 1
            ? each
            : (a, b) => each((ushort)a, (ushort)b) | (each((ushort)(a >> 16), (ushort)(b >> 16)) << 16));
    }

    public static void FusedMultiplyAdd(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        m.Take("rn");
        (bool relu, Func<double, ulong> encode) = (m.Take("relu"), Encoder(m, t));
        FloatFormat format = Format(t);
        Func<ulong, ulong, ulong, ulong> each = (a, b, c) =>
        {
            double result = Fused(format.Decode((uint)a), format.Decode((uint)b), format.Decode((uint)c));
            return encode(relu && result < 0 ? 0 : result);
        };
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t, i.Operands[3], t.Packed == 1
            ? each
            : (a, b, c) => each((ushort)a, (ushort)b, (ushort)c) | (each((ushort)(a >> 16), (ushort)(b >> 16), (ushort)(c >> 16)) << 16));
    }

    public static void Extreme(Lowering l, PtxInstruction i, Modifiers m, PtxType t, bool maximum)
    {
        bool nan = m.Take("NaN");
        Two(l, i, m, t, (a, b) => nan && (double.IsNaN(a) || double.IsNaN(b)) ? double.NaN : maximum ? double.MaxNumber(a, b) : double.MinNumber(a, b));
    }

    /// <summary>Changes the sign bits.</summary>
    public static void Sign(Lowering l, PtxInstruction i, Modifiers m, PtxType t, bool absolute)
    {
        m.Take("ftz");
        ulong bits = t.Packed == 2 ? 0x80008000 : 0x8000;
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], absolute ? a => a & ~bits : a => a ^ bits);
    }

    /// <summary>The format of a 16-bit type.</summary>
    public static FloatFormat Format(PtxType t) => t.Kind == PtxKind.BFloat ? FloatFormat.BFloat16 : FloatFormat.Binary16;

    private static Func<ulong, ulong, ulong> Each(Modifiers m, PtxType t, Func<double, double, double> function)
    {
        m.Take("rn");
        FloatFormat format = Format(t);
        Func<double, ulong> encode = Encoder(m, t);
        return (a, b) => encode(function(format.Decode((uint)a), format.Decode((uint)b)));
    }

    private static Func<double, ulong> Encoder(Modifiers m, PtxType t)
    {
        if (m.Take("ftz"))
        {
            throw new UnknownFormException("16-bit floats with .ftz");
        }

        FloatFormat format = Format(t);
        bool saturate = m.Take("sat");
        return value => format.Encode(!saturate ? value : value > 0 ? Math.Min(value, 1) : 0, Rounding.NearestEven);
    }

    private static double Fused(double a, double b, double c)
    {
        double product = a * b; // exact: 11 bits each
        double sum = product + c;
        if (!double.IsFinite(sum) || sum == 0)
        {
            return sum;
        }

        double back = sum - product;
        double error = (product - (sum - back)) + (c - back);
        if (error == 0 || (BitConverter.DoubleToUInt64Bits(sum) & 1) != 0)
        {
            return sum;
        }

        // Towards what was cut, so that the last bit says that something was.
        return error > 0 == sum > 0
            ? BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(sum) + 1)
            : BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(sum) - 1);
    }
}
