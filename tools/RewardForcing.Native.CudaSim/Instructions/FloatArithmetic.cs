using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Arithmetic of binary32 and binary64.</summary>
internal static unsafe class FloatArithmetic
{
    private static readonly PtxType F32 = new(PtxKind.Float, 4);

    public static void Add(Lowering l, PtxInstruction i, Modifiers m, PtxType t) => Sum<AddFloat, AddDouble>(l, i, m, t, 1);

    public static void Subtract(Lowering l, PtxInstruction i, Modifiers m, PtxType t) => Sum<SubtractFloat, SubtractDouble>(l, i, m, t, -1);

    public static void Multiply(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        var how = new FloatRules(m);
        if (t.Bytes == 8)
        {
            how.NearestOnly(t);
            Two(l, i, t, &Vectors.Binary<double, MultiplyDouble>);
        }
        else if (how.Rounding != Rounding.NearestEven)
        {
            Directed(l, i, how, (a, b) => DirectedRounding.FusedMultiplyAdd(a, b, a * b == 0 || float.IsNaN(a * b) ? a * b : CopyZero(a, b), how.Rounding));
        }
        else
        {
            Two(l, i, t, how.Flush ? &Vectors.Binary<float, FlushedBinary<MultiplyFloat>> : &Vectors.Binary<float, MultiplyFloat>);
        }

        how.Finish(l, i);
    }

    public static void FusedMultiplyAdd(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        var how = new FloatRules(m);
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = l.Source(i.Operands[3], t);
        if (t.Bytes == 8)
        {
            how.NearestOnly(t);
            l.Add(&Vectors.Ternary<double, FusedMultiplyAddDouble>, l.Target(i.Operands[0], t), a, b, c);
        }
        else if (how.Rounding != Rounding.NearestEven)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t, i.Operands[3],
                (x, y, z) => how.Out(DirectedRounding.FusedMultiplyAdd(how.In(x), how.In(y), how.In(z), how.Rounding)));
        }
        else
        {
            l.Add(how.Flush ? &Vectors.Ternary<float, FlushedTernary<FusedMultiplyAdd>> : &Vectors.Ternary<float, FusedMultiplyAdd>, l.Target(i.Operands[0], t), a, b, c);
        }

        how.Finish(l, i);
    }

    public static void Divide(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
    {
        bool approximate = m.OneOf("approx", "full") is not null;
        var how = new FloatRules(m);
        if (t.Bytes == 8)
        {
            how.NearestOnly(t);
            Two(l, i, t, &Vectors.Binary<double, DivideDouble>);
        }
        else if (how.Rounding != Rounding.NearestEven)
        {
            Directed(l, i, how, (a, b) => DirectedRounding.Divide(a, b, how.Rounding));
        }
        else
        {
            Two(l, i, t, how.Flush ? &Vectors.Binary<float, FlushedBinary<DivideFloat>> : &Vectors.Binary<float, DivideFloat>);
        }

        if (approximate)
        {
            ApproximateMath.Disturb(l, i);
        }
    }

    public static void Minimum(Lowering l, PtxInstruction i, Modifiers m, PtxType t) =>
        Extreme<MinimumFloat, MinimumFloatOrNaN, MinimumDouble>(l, i, m, t);

    public static void Maximum(Lowering l, PtxInstruction i, Modifiers m, PtxType t) =>
        Extreme<MaximumFloat, MaximumFloatOrNaN, MaximumDouble>(l, i, m, t);

    public static void Negate(Lowering l, PtxInstruction i, Modifiers m, PtxType t) =>
        Sign(l, i, m, t, &Vectors.Unary<float, NegateFloat>, &Vectors.Unary<float, Flushed<NegateFloat>>, &Vectors.Binary<ulong, XorBits<ulong>>, 1UL << 63);

    public static void Absolute(Lowering l, PtxInstruction i, Modifiers m, PtxType t) =>
        Sign(l, i, m, t, &Vectors.Unary<float, AbsoluteFloat>, &Vectors.Unary<float, Flushed<AbsoluteFloat>>, &Vectors.Binary<ulong, AndBits<ulong>>, ulong.MaxValue >> 1);

    /// <summary>sqrt: exact with a rounding, disturbed as an approximate one.</summary>
    public static void SquareRoot(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool approximate = m.Take("approx");
        var how = new FloatRules(m);
        if (t.Bytes == 4 && how.Rounding != Rounding.NearestEven)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], x => how.Out(DirectedRounding.SquareRoot(how.In(x), how.Rounding)));
            return;
        }

        if (t.Bytes == 8)
        {
            how.NearestOnly(t);
        }

        One(l, i, t, t.Bytes == 8 ? &Vectors.Unary<double, SquareRootDouble>
            : how.Flush ? &Vectors.Unary<float, Flushed<SquareRootFloat>> : &Vectors.Unary<float, SquareRootFloat>);
        if (approximate)
        {
            ApproximateMath.Disturb(l, i);
        }
    }

    /// <summary>rcp: exact with a rounding, disturbed as an approximate one.</summary>
    public static void Reciprocal(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool approximate = m.Take("approx");
        var how = new FloatRules(m);
        if (t.Bytes == 8)
        {
            if (!approximate)
            {
                how.NearestOnly(t);
            }

            Func<ulong, ulong> divide = approximate
                ? x => BitConverter.DoubleToUInt64Bits(1 / BitConverter.UInt64BitsToDouble(x)) & 0xFFFFFFFF00000000 // rcp.approx.ftz.f64 gives the high word
                : x => BitConverter.DoubleToUInt64Bits(1 / BitConverter.UInt64BitsToDouble(x));
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], divide);
            return;
        }

        if (how.Rounding != Rounding.NearestEven)
        {
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], x => how.Out(DirectedRounding.Divide(1, how.In(x), how.Rounding)));
            return;
        }

        One(l, i, t, how.Flush ? &Vectors.Unary<float, Flushed<ReciprocalFloat>> : &Vectors.Unary<float, ReciprocalFloat>);
        if (approximate)
        {
            ApproximateMath.Disturb(l, i);
        }
    }

    /// <summary>copysign: the magnitude of b with the sign of a.</summary>
    public static void CopySign(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        ulong sign = t.Bytes == 8 ? 1UL << 63 : 1UL << 31;
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], (a, b) => (a & sign) | (b & ~sign));
    }

    internal static void One(Lowering l, PtxInstruction i, PtxType t, delegate*<Warp, Operation*, Operation*> run)
    {
        int a = l.Source(i.Operands[1], t);
        l.Add(run, l.Target(i.Operands[0], t), a);
    }

    internal static void Two(Lowering l, PtxInstruction i, PtxType t, delegate*<Warp, Operation*, Operation*> run)
    {
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t);
        l.Add(run, l.Target(i.Operands[0], t), a, b);
    }

    private static void Sum<TFloat, TDouble>(Lowering l, PtxInstruction i, Modifiers m, PtxType t, float factor)
        where TFloat : struct, IBinary<float>
        where TDouble : struct, IBinary<double>
    {
        var how = new FloatRules(m);
        if (t.Bytes == 8)
        {
            how.NearestOnly(t);
            Two(l, i, t, &Vectors.Binary<double, TDouble>);
        }
        else if (how.Rounding != Rounding.NearestEven)
        {
            Directed(l, i, how, (a, b) => DirectedRounding.FusedMultiplyAdd(a, 1, factor * b, how.Rounding));
        }
        else
        {
            Two(l, i, t, how.Flush ? &Vectors.Binary<float, FlushedBinary<TFloat>> : &Vectors.Binary<float, TFloat>);
        }

        how.Finish(l, i);
    }

    private static void Extreme<TFloat, TNaN, TDouble>(Lowering l, PtxInstruction i, Modifiers m, PtxType t)
        where TFloat : struct, IBinary<float>
        where TNaN : struct, IBinary<float>
        where TDouble : struct, IBinary<double>
    {
        (bool nan, bool flush) = (m.Take("NaN"), m.Take("ftz"));
        Two(l, i, t, t.Bytes == 8 ? &Vectors.Binary<double, TDouble>
            : nan
                ? flush ? &Vectors.Binary<float, FlushedBinary<TNaN>> : &Vectors.Binary<float, TNaN>
                : flush ? &Vectors.Binary<float, FlushedBinary<TFloat>> : &Vectors.Binary<float, TFloat>);
        if (i.Operands.Count > 3)
        {
            throw new UnknownFormException("three inputs");
        }
    }

    private static void Sign(
        Lowering l,
        PtxInstruction i,
        Modifiers m,
        PtxType t,
        delegate*<Warp, Operation*, Operation*> run,
        delegate*<Warp, Operation*, Operation*> flushed,
        delegate*<Warp, Operation*, Operation*> wide,
        ulong bits)
    {
        bool flush = m.Take("ftz");
        int a = l.Source(i.Operands[1], t), d = l.Target(i.Operands[0], t);
        if (t.Bytes == 8)
        {
            l.Add(wide, d, a, l.Constant(bits, 8));
        }
        else
        {
            l.Add(flush ? flushed : run, d, a);
        }
    }

    private static void Directed(Lowering l, PtxInstruction i, FloatRules how, Func<float, float, float> function) =>
        LaneMaps.Add(l, F32, i.Operands[0], F32, i.Operands[1], F32, i.Operands[2], (a, b) => how.Out(function(how.In(a), how.In(b))));

    // A product as a fused sum needs a zero that changes neither its value nor its sign.
    private static float CopyZero(float a, float b) => float.IsNegative(a) != float.IsNegative(b) ? -0f : 0f;
}
