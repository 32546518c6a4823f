using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Integer arithmetic of 16, 32 and 64 bits.</summary>
internal static unsafe class IntegerArithmetic
{
    public static void Sum(Lowering l, PtxInstruction i, Modifiers m, PtxType t, bool subtract)
    {
        if (m.Take("cc"))
        {
            Carries.Lower(l, i, t, subtract, false, true);
            return;
        }

        if (m.Take("sat"))
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2],
                (a, b) => (uint)Math.Clamp(subtract ? (long)(int)a - (int)b : (long)(int)a + (int)b, int.MinValue, int.MaxValue));
            return;
        }

        Two(l, i, t,
            subtract ? &Vectors.Binary<uint, Low16<SubtractInteger<uint>>> : &Vectors.Binary<uint, Low16<AddInteger<uint>>>,
            subtract ? &Vectors.Binary<uint, SubtractInteger<uint>> : &Vectors.Binary<uint, AddInteger<uint>>,
            subtract ? &Vectors.Binary<ulong, SubtractInteger<ulong>> : &Vectors.Binary<ulong, AddInteger<ulong>>);
    }

    public static void Multiply(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        switch (m.OneOf("lo", "hi", "wide"))
        {
            case "wide":
                WideProducts.Lower(l, i, t, false);
                break;
            case "hi":
                High(l, i, t);
                break;
            case "lo":
                Two(l, i, t, &Vectors.Binary<uint, Low16<MultiplyLow<uint>>>, &Vectors.Binary<uint, MultiplyLow<uint>>, &Vectors.Binary<ulong, MultiplyLow<ulong>>);
                break;
            default:
                throw new UnknownFormException(".lo, .hi or .wide is missing");
        }
    }

    public static void MultiplyAdd(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        string part = m.OneOf("lo", "hi", "wide") ?? throw new UnknownFormException(".lo, .hi or .wide is missing");
        if (part == "wide")
        {
            WideProducts.Lower(l, i, t, true);
            return;
        }

        if (part == "lo" && t.Bytes >= 4)
        {
            int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = l.Source(i.Operands[3], t);
            l.Add(t.Bytes == 8 ? &Vectors.Ternary<ulong, MultiplyAddLow<ulong>> : &Vectors.Ternary<uint, MultiplyAddLow<uint>>, l.Target(i.Operands[0], t), a, b, c);
            return;
        }

        int bits = 8 * t.Bytes;
        ulong mask = bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t, i.Operands[3],
            (a, b, c) => ((part == "lo" ? a * b : HighPart(a, b, t)) + c) & mask);
    }

    /// <summary>24-bit products; the operands fit 24 bits or the result is not defined, so ordinary products do.</summary>
    public static void Multiply24(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool high = m.OneOf("lo", "hi") == "hi";
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], (a, b) =>
        {
            long product = t.IsSigned ? (long)((int)(a << 8) >> 8) * ((int)(b << 8) >> 8) : (long)((a & 0xFFFFFF) * (b & 0xFFFFFF));
            return (uint)(high ? product >> 16 : product);
        });
    }

    public static void Divide(Lowering l, PtxInstruction i, PtxType t, bool remainder)
    {
        int unused = 64 - (8 * t.Bytes);
        ulong mask = ulong.MaxValue >> unused;
        if (t.IsSigned)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], (x, y) =>
            {
                long a = (long)(x << unused) >> unused, b = (long)(y << unused) >> unused;
                return (ulong)(b == 0 ? remainder ? a : -1 : b == -1 ? remainder ? 0 : -a : remainder ? a % b : a / b) & mask;
            });
        }
        else
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2],
                (a, b) => (b == 0 ? remainder ? a : ulong.MaxValue : remainder ? a % b : a / b) & mask);
        }
    }

    public static void Extreme(Lowering l, PtxInstruction i, PtxType t, bool maximum)
    {
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), d = l.Target(i.Operands[0], t);
        delegate*<Warp, Operation*, Operation*> run = (t.Bytes, t.IsSigned, maximum) switch
        {
            (2, true, true) => &Vectors.Binary<uint, Signed16<Maximum<int>>>,
            (2, true, false) => &Vectors.Binary<uint, Signed16<Minimum<int>>>,
            (4, true, true) => &Vectors.Binary<int, Maximum<int>>,
            (4, true, false) => &Vectors.Binary<int, Minimum<int>>,
            (8, true, true) => &Vectors.Binary<long, Maximum<long>>,
            (8, true, false) => &Vectors.Binary<long, Minimum<long>>,
            (8, false, true) => &Vectors.Binary<ulong, Maximum<ulong>>,
            (8, false, false) => &Vectors.Binary<ulong, Minimum<ulong>>,
            (_, false, true) => &Vectors.Binary<uint, Maximum<uint>>,
            _ => &Vectors.Binary<uint, Minimum<uint>>,
        };
        l.Add(run, d, a, b);
    }

    public static void Negate(Lowering l, PtxInstruction i, PtxType t)
    {
        int a = l.Source(i.Operands[1], t);
        l.Add(t.Bytes == 8 ? &Vectors.Unary<ulong, NegateInteger<ulong>>
            : t.Bytes == 4 ? &Vectors.Unary<uint, NegateInteger<uint>> : &Vectors.Unary<uint, Low16Unary<NegateInteger<uint>>>, l.Target(i.Operands[0], t), a);
    }

    public static void Absolute(Lowering l, PtxInstruction i, PtxType t)
    {
        if (t.Bytes == 2)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], a => (ushort)((short)a < 0 ? -(short)a : (short)a));
            return;
        }

        int source = l.Source(i.Operands[1], t);
        l.Add(t.Bytes == 8 ? &Vectors.Unary<long, AbsoluteInteger<long>> : &Vectors.Unary<int, AbsoluteInteger<int>>, l.Target(i.Operands[0], t), source);
    }

    /// <summary>sad: the distance of a and b, plus c.</summary>
    public static void SumOfDifferences(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int unused = 64 - (8 * t.Bytes);
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t, i.Operands[3], (a, b, c) =>
        {
            bool less = t.IsSigned ? (long)(a << unused) < (long)(b << unused) : a < b;
            return ((less ? b - a : a - b) + c) << unused >> unused;
        });
    }

    /// <summary>dp4a and dp2a: products of bytes, or of halves and bytes, summed onto c.</summary>
    public static void DotProduct(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool two = i.Opcode == "dp2a";
        bool high = two && m.OneOf("lo", "hi") == "hi";
        PtxType typeB = m.Type(), typeA = m.Type();
        var t = new PtxType(typeA.IsSigned || typeB.IsSigned ? PtxKind.Signed : PtxKind.Unsigned, 4);
        LaneMaps.Add(l, t, i.Operands[0], typeA, i.Operands[1], typeB, i.Operands[2], t, i.Operands[3], (a, b, c) =>
        {
            long sum = (int)c;
            for (int k = 0; k < (two ? 2 : 4); k++)
            {
                ulong x = two ? (ushort)(a >> (16 * k)) : (byte)(a >> (8 * k));
                ulong y = (byte)(b >> (8 * (k + (high ? 2 : 0))));
                sum += (typeA.IsSigned ? two ? (short)x : (sbyte)x : (long)x) * (typeB.IsSigned ? (sbyte)y : (long)y);
            }

            return (uint)sum;
        });
    }

    private static void High(Lowering l, PtxInstruction i, PtxType t)
    {
        if (t.Bytes == 4)
        {
            FloatArithmetic.Two(l, i, t, t.IsSigned ? &Vectors.Binary<uint, MultiplyHighSigned> : &Vectors.Binary<uint, MultiplyHighUnsigned>);
        }
        else
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], (a, b) => HighPart(a, b, t));
        }
    }

    private static ulong HighPart(ulong a, ulong b, PtxType t)
    {
        int bits = 8 * t.Bytes, unused = 64 - bits;
        Int128 x = t.IsSigned ? (long)(a << unused) >> unused : a, y = t.IsSigned ? (long)(b << unused) >> unused : b;
        UInt128 product = (UInt128)(x * y);
        return (ulong)(product >> bits) & (ulong.MaxValue >> unused);
    }

    private static void Two(
        Lowering l, PtxInstruction i, PtxType t, delegate*<Warp, Operation*, Operation*> half, delegate*<Warp, Operation*, Operation*> word, delegate*<Warp, Operation*, Operation*> wide) =>
        FloatArithmetic.Two(l, i, t, t.Bytes == 8 ? wide : t.Bytes == 4 ? word : half);
}
