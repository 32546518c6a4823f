using System.Numerics;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Logic, shifts and fields of bits (PTX ISA, "Logic and Shift Instructions" and the integer instructions on bits).</summary>
internal static unsafe class Bitwise
{
    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);

    public static void And(Lowering l, PtxInstruction i, Modifiers m) =>
        Two(l, i, m, &Predicates.And, &Vectors.Binary<uint, AndBits<uint>>, &Vectors.Binary<ulong, AndBits<ulong>>);

    public static void Or(Lowering l, PtxInstruction i, Modifiers m) =>
        Two(l, i, m, &Predicates.Or, &Vectors.Binary<uint, OrBits<uint>>, &Vectors.Binary<ulong, OrBits<ulong>>);

    public static void Xor(Lowering l, PtxInstruction i, Modifiers m) =>
        Two(l, i, m, &Predicates.Xor, &Vectors.Binary<uint, XorBits<uint>>, &Vectors.Binary<ulong, XorBits<ulong>>);

    public static void Not(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        if (t.Kind == PtxKind.Predicate)
        {
            int p = l.Predicate(i.Operands[1]);
            l.Add(&Predicates.Not, l.Target(i.Operands[0], t), p);
            return;
        }

        int a = l.Source(i.Operands[1], t);
        l.Add(t.Bytes == 8 ? &Vectors.Unary<ulong, NotBits<ulong>>
            : t.Bytes == 4 ? &Vectors.Unary<uint, NotBits<uint>> : &Vectors.Unary<uint, Low16Unary<NotBits<uint>>>, l.Target(i.Operands[0], t), a);
    }

    /// <summary>cnot: 1 where a is 0, else 0.</summary>
    public static void LogicalNot(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], a => a == 0 ? 1u : 0u);
    }

    public static void Shift(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool left = i.Opcode == "shl";
        if (t.Bytes == 4)
        {
            int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], U32);
            l.Add(left ? &Vectors.Binary<uint, ShiftLeft32> : t.IsSigned ? &Vectors.Binary<uint, ShiftRightSigned32> : &Vectors.Binary<uint, ShiftRightUnsigned32>,
                l.Target(i.Operands[0], t), a, b);
        }
        else if (t.Bytes == 8)
        {
            Func<ulong, ulong, ulong> shift = left ? WideShifts.Left : t.IsSigned ? WideShifts.RightSigned : WideShifts.Right;
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], U32, i.Operands[2], shift);
        }
        else
        {
            Func<ulong, ulong, ulong> shift = left
                ? (a, n) => n > 15 ? 0 : (ulong)(ushort)(a << (int)n)
                : t.IsSigned ? (a, n) => (ushort)((short)a >> (int)Math.Min(n, 15)) : (a, n) => n > 15 ? 0 : a >> (int)n;
            LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], U32, i.Operands[2], shift);
        }
    }

    /// <summary>shf: a 32-bit window of b:a, shifted left or right.</summary>
    public static void FunnelShift(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool left = m.OneOf("l", "r") == "l", wraps = m.OneOf("wrap", "clamp") == "wrap";
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], U32, i.Operands[3], (a, b, c) =>
        {
            int n = wraps ? (int)(c & 31) : (int)Math.Min(c, 32);
            ulong both = (b << 32) | a;
            return left ? n == 32 ? a : (uint)(both << n >> 32) : n == 32 ? b : (uint)(both >> n);
        });
    }

    /// <summary>lop3: any function of three bits, by its table.</summary>
    public static void Lookup3(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = l.Source(i.Operands[3], t);
        l.Add(&RunLookup, l.Target(i.Operands[0], t), a, b, c).Mode = (int)Lowering.Number(i.Operands[4], U32);
    }

    public static void PopulationCount(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        LaneMaps.Add(l, U32, i.Operands[0], t, i.Operands[1], a => (ulong)BitOperations.PopCount(a));
    }

    public static void LeadingZeros(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int bits = 8 * t.Bytes;
        LaneMaps.Add(l, U32, i.Operands[0], t, i.Operands[1], a => (ulong)(BitOperations.LeadingZeroCount(a) - 64 + bits));
    }

    /// <summary>bfind: position of the highest bit that is not the sign, or the shift that brings it to the top.</summary>
    public static void FindBit(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool shift = m.Take("shiftamt");
        int bits = 8 * t.Bytes, unused = 64 - bits;
        LaneMaps.Add(l, U32, i.Operands[0], t, i.Operands[1], a =>
        {
            ulong value = t.IsSigned && (a >> (bits - 1) & 1) != 0 ? ~a << unused >> unused : a;
            return value == 0 ? uint.MaxValue : shift ? (ulong)(BitOperations.LeadingZeroCount(value) - unused) : (ulong)(63 - BitOperations.LeadingZeroCount(value));
        });
    }

    public static void Reverse(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int unused = 64 - (8 * t.Bytes);
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], a =>
        {
            ulong reversed = 0;
            for (int bit = 0; bit < 64; bit++)
            {
                reversed = (reversed << 1) | (a >> bit & 1);
            }

            return reversed >> unused;
        });
    }

    /// <summary>bfe: a field of bits, with the sign that is the last bit inside the value.</summary>
    public static void Extract(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int top = (8 * t.Bytes) - 1;
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], U32, i.Operands[2], U32, i.Operands[3], (a, b, c) =>
        {
            int position = (int)(b & 255), length = (int)(c & 255);
            ulong sign = t.IsSigned && length != 0 ? a >> Math.Min(position + length - 1, top) & 1 : 0;
            ulong result = 0;
            for (int bit = 0; bit <= top; bit++)
            {
                result |= (bit < length && position + bit <= top ? a >> (position + bit) & 1 : sign) << bit;
            }

            return result;
        });
    }

    /// <summary>bfi: b with a field of bits replaced by a.</summary>
    public static void Insert(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int bits = 8 * t.Bytes;
        int number = l.AddObject(bits);
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = l.Source(i.Operands[3], U32), e = l.Source(i.Operands[4], U32);
        ref Operation o = ref l.Add(&RunInsert, l.Target(i.Operands[0], t), a, b, c);
        (o.E, o.Size, o.Object) = (e, t.Width, number);
    }

    /// <summary>prmt: four bytes chosen from eight.</summary>
    public static void Permute(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        string? mode = m.OneOf("f4e", "b4e", "rc8", "ecl", "ecr", "rc16");
        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], t, i.Operands[2], t, i.Operands[3], (a, b, c) =>
        {
            ulong bytes = (b << 32) | a, result = 0;
            for (int k = 0; k < 4; k++)
            {
                int selector = mode is null ? (int)(c >> (4 * k) & 15) : Selector(mode, (int)(c & 3), k);
                ulong value = bytes >> (8 * (selector & 7)) & 255;
                value = (selector & 8) == 0 ? value : (value & 128) != 0 ? 255u : 0u;
                result |= value << (8 * k);
            }

            return result;
        });
    }

    /// <summary>bmsk: ones from a position on, of a length.</summary>
    public static void Mask(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        bool wraps = m.OneOf("wrap", "clamp") == "wrap";
        LaneMaps.Add(l, t, i.Operands[0], U32, i.Operands[1], U32, i.Operands[2], (a, b) =>
        {
            (ulong position, ulong length) = wraps ? (a & 31, b & 31) : (Math.Min(a, 32), Math.Min(b, 32));
            return (uint)(((1UL << (int)length) - 1) << (int)position);
        });
    }

    private static int Selector(string mode, int c, int k) => mode switch
    {
        "f4e" => c + k,
        "b4e" => (c + 8 - k) & 7,
        "rc8" => c,
        "ecl" => Math.Max(c, k),
        "ecr" => Math.Min(c, k),
        _ => ((c & 1) * 2) + (k & 1),
    };

    private static void Two(
        Lowering l, PtxInstruction i, Modifiers m, delegate*<Warp, Operation*, Operation*> predicate, delegate*<Warp, Operation*, Operation*> word, delegate*<Warp, Operation*, Operation*> wide)
    {
        PtxType t = m.Type();
        if (t.Kind != PtxKind.Predicate)
        {
            FloatArithmetic.Two(l, i, t, t.Bytes == 8 ? wide : word);
            return;
        }

        int a = l.Predicate(i.Operands[1]), b = l.Predicate(i.Operands[2]);
        l.Add(predicate, l.Target(i.Operands[0], t), a, b);
    }

    private static Operation* RunLookup(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        for (int part = 0; part < 2; part++)
        {
            Lanes.Store(r + o->D, part, Lookup.Apply(Lanes.Load<uint>(r + o->A, part), Lanes.Load<uint>(r + o->B, part), Lanes.Load<uint>(r + o->C, part), o->Mode), w.Mask);
        }

        return o + 1;
    }

    private static Operation* RunInsert(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        int bits = (int)w.Program.Objects[o->Object];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong a = LaneMaps.Get(r + o->A, o->Size, lane), b = LaneMaps.Get(r + o->B, o->Size, lane);
            int position = (int)(((uint*)(r + o->C))[lane] & 255), length = (int)(((uint*)(r + o->E))[lane] & 255);
            ulong field = 0;
            if (length > 0 && position < bits)
            {
                field = (length >= 64 ? ulong.MaxValue : (1UL << length) - 1) << position;
                field &= bits == 64 ? ulong.MaxValue : (1UL << bits) - 1;
                a <<= position;
            }

            LaneMaps.Set(r + o->D, o->Size, lane, (b & ~field) | (a & field));
        }

        return o + 1;
    }
}
