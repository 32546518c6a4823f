using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Comparison and selection (PTX ISA, "Comparison and Selection Instructions").</summary>
internal static unsafe class Compare
{
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);
    private static readonly PtxType F32 = new(PtxKind.Float, 4);
    private static readonly PtxType S32 = new(PtxKind.Signed, 4);

    /// <summary>setp.op[.bool].type p[|q], a, b[, c]: p = (a op b) bool c, q = !(a op b) bool c.</summary>
    public static void SetPredicate(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxOperand both = i.Operands[0];
        int result = l.Temporary(0);
        if (both.Pair is null && i.Operands.Count == 3)
        {
            result = l.Target(both, Predicate);
        }

        Test(l, i, m, result);
        string? combine = m.OneOf("and", "or", "xor");
        if (both.Pair is null && combine is null)
        {
            return;
        }

        int opposite = l.Temporary(0);
        l.Add(&Predicates.Not, opposite, result);
        int with = combine is null ? 0 : l.Predicate(i.Operands[3]);
        delegate*<Warp, Operation*, Operation*> run = combine switch
        {
            null => &Predicates.Copy,
            "and" => &Predicates.And,
            "or" => &Predicates.Or,
            _ => &Predicates.Xor,
        };

        // Both are formed before one is written: c may be p or q.
        int first = l.Temporary(0);
        l.Add(run, first, result, with);
        if (both.Pair is not null && both.Pair.Kind != PtxOperandKind.Sink)
        {
            l.Add(run, l.Target(both.Pair, Predicate), opposite, with);
        }

        if (both.Kind != PtxOperandKind.Sink)
        {
            l.Add(&Predicates.Copy, l.Target(new PtxOperand { Kind = both.Kind, Text = both.Text, Register = both.Register }, Predicate), first);
        }
    }

    /// <summary>set: the comparison as all ones, or as 1.0 for a float result.</summary>
    public static void Set(Lowering l, PtxInstruction i, Modifiers m)
    {
        // The comparison's type is the last, the result's the one before.
        string last = m.Left[^1];
        int result = l.Temporary(0);
        var types = m.Left.Where(word => PtxType.TryParse(word, out _)).ToArray();
        if (types.Length != 2 || !PtxType.TryParse(types[0], out PtxType t) || last != types[1])
        {
            throw new UnknownFormException("two types are needed");
        }

        Test(l, i, m, result);
        m.Type();
        if (m.OneOf("and", "or", "xor") is string combine)
        {
            int with = l.Predicate(i.Operands[3]);
            l.Add(combine == "and" ? &Predicates.And : combine == "or" ? &Predicates.Or : &Predicates.Xor, result, result, with);
        }

        ulong one = t.Kind switch { PtxKind.Float => t.Bytes == 4 ? 0x3F800000u : 0x3C00u, PtxKind.BFloat => 0x3F80, _ => uint.MaxValue >> (32 - (8 * t.Bytes)) };
        ref Operation o = ref l.Add(&Select32, 0, l.Constant(one, 4), l.Constant(0, 4), result);
        o.D = l.Target(i.Operands[0], t);
    }

    /// <summary>selp: a where the predicate holds, else b.</summary>
    public static void Select(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = l.Predicate(i.Operands[3]);
        l.Add(t.Bytes == 8 ? &Select64 : &Select32, l.Target(i.Operands[0], t), a, b, c);
    }

    /// <summary>slct: a where c is not negative, else b.</summary>
    public static void SelectBySign(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("ftz");
        PtxType test = m.Type(), t = m.Type();
        bool isFloat = test.Kind == PtxKind.Float;
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], test, i.Operands[3],
            (a, b, c) => (isFloat ? BitConverter.UInt32BitsToSingle((uint)c) >= 0 : (int)c >= 0) ? a : b);
    }

    /// <summary>testp: what kind of number a float is.</summary>
    public static void TestFloat(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        string kind = m.OneOf("finite", "infinite", "number", "notanumber", "normal", "subnormal") ?? throw new UnknownFormException("its test is missing");
        Func<double, bool> test = kind switch
        {
            "finite" => double.IsFinite,
            "infinite" => double.IsInfinity,
            "number" => value => !double.IsNaN(value),
            "notanumber" => double.IsNaN,
            "normal" => value => t.Bytes == 8 ? double.IsNormal(value) : float.IsNormal((float)value),
            _ => value => t.Bytes == 8 ? double.IsSubnormal(value) : float.IsSubnormal((float)value),
        };
        int column = l.Temporary(4);
        LaneMaps.AddColumns(l, 4, column, t.Width, l.Source(i.Operands[1], t),
            bits => test(t.Bytes == 8 ? BitConverter.UInt64BitsToDouble(bits) : BitConverter.UInt32BitsToSingle((uint)bits)) ? 1u : 0u);
        l.Add(&Vectors.Compare<uint, Equal<uint>>, l.Target(i.Operands[0], Predicate), column, l.Constant(1, 4));
    }

    private static void Test(Lowering l, PtxInstruction i, Modifiers m, int result)
    {
        PtxType t = m.Type();
        bool flush = m.Take("ftz");
        string op = m.OneOf("eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan")
            ?? throw new UnknownFormException("its comparison is missing");
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t);
        if (t.IsInteger)
        {
            Integers(l, t, op, result, a, b);
            return;
        }

        if (t.Packed == 2)
        {
            throw new UnknownFormException("comparisons of pairs");
        }

        if (t.Bytes == 2)
        {
            (a, b) = (Widen(l, t, a), Widen(l, t, b));
        }
        else if (flush)
        {
            (a, b) = (Flush(l, a), Flush(l, b));
        }

        bool swap = op is "gt" or "ge" or "gtu" or "geu";
        l.Add(t.Bytes == 8 ? Floats<double>(op) : Floats<float>(op), result, swap ? b : a, swap ? a : b);
    }

    private static void Integers(Lowering l, PtxType t, string op, int result, int a, int b)
    {
        bool signed = t.IsSigned && op is not ("lo" or "ls" or "hi" or "hs");
        op = op switch { "lo" => "lt", "ls" => "le", "hi" => "gt", "hs" => "ge", _ => op };
        if (signed && t.Bytes == 2)
        {
            (int wideA, int wideB) = (l.Temporary(4), l.Temporary(4));
            Conversions.Extend(l, t, S32, wideA, a);
            Conversions.Extend(l, t, S32, wideB, b);
            (a, b) = (wideA, wideB);
        }

        if (op is "gt" or "ge")
        {
            (a, b, op) = (b, a, op == "gt" ? "lt" : "le");
        }

        l.Add(t.Bytes == 8 ? signed ? Integer<long>(op) : Integer<ulong>(op) : signed ? Integer<int>(op) : Integer<uint>(op), result, a, b);
    }

    private static delegate*<Warp, Operation*, Operation*> Integer<T>(string op)
        where T : unmanaged => op switch
        {
            "eq" => &Vectors.Compare<T, Equal<T>>,
            "ne" => &Vectors.Compare<T, Opposite<T, Equal<T>>>,
            "lt" => &Vectors.Compare<T, Less<T>>,
            "le" => &Vectors.Compare<T, LessOrEqual<T>>,
            _ => throw new UnknownFormException($"'.{op}' of integers"),
        };

    // gt and ge, ordered or not, come with their operands exchanged.
    private static delegate*<Warp, Operation*, Operation*> Floats<T>(string op)
        where T : unmanaged => op switch
        {
            "eq" => &Vectors.Compare<T, Equal<T>>,
            "ne" => &Vectors.Compare<T, NotEqualOrdered<T>>,
            "lt" or "gt" => &Vectors.Compare<T, Less<T>>,
            "le" or "ge" => &Vectors.Compare<T, LessOrEqual<T>>,
            "equ" => &Vectors.Compare<T, Opposite<T, NotEqualOrdered<T>>>,
            "neu" => &Vectors.Compare<T, Opposite<T, Equal<T>>>,
            "ltu" or "gtu" => &Vectors.Compare<T, UnorderedOr<T, Less<T>>>,
            "leu" or "geu" => &Vectors.Compare<T, UnorderedOr<T, LessOrEqual<T>>>,
            "num" => &Vectors.Compare<T, Ordered<T>>,
            "nan" => &Vectors.Compare<T, Opposite<T, Ordered<T>>>,
            _ => throw new UnknownFormException($"'.{op}' of floats"),
        };

    private static int Widen(Lowering l, PtxType t, int column)
    {
        int wide = l.Temporary(4);
        if (t.Kind == PtxKind.BFloat)
        {
            l.Add(&Vectors.Unary<uint, FromBFloat>, wide, column);
        }
        else
        {
            LaneMaps.AddColumns(l, 4, wide, 4, column, bits => BitConverter.SingleToUInt32Bits((float)FloatFormat.Binary16.Decode((uint)bits)));
        }

        return wide;
    }

    private static int Flush(Lowering l, int column)
    {
        int flushed = l.Temporary(F32.Width);
        l.Add(&Vectors.Unary<float, Flushed<CopyFloat>>, flushed, column);
        return flushed;
    }

    internal static Operation* Select32(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        uint choose = *(uint*)(r + o->C);
        for (int part = 0; part < 2; part++)
        {
            var chosen = System.Runtime.Intrinsics.Vector512.ConditionalSelect(Lanes.Select<uint>(choose, part), Lanes.Load<uint>(r + o->A, part), Lanes.Load<uint>(r + o->B, part));
            Lanes.Store(r + o->D, part, chosen, w.Mask);
        }

        return o + 1;
    }

    private static Operation* Select64(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        uint choose = *(uint*)(r + o->C);
        for (int part = 0; part < 4; part++)
        {
            var chosen = System.Runtime.Intrinsics.Vector512.ConditionalSelect(Lanes.Select<ulong>(choose, part), Lanes.Load<ulong>(r + o->A, part), Lanes.Load<ulong>(r + o->B, part));
            Lanes.Store(r + o->D, part, chosen, w.Mask);
        }

        return o + 1;
    }
}
