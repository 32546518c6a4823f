using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Sums that take or give the carry of a lane: <c>add.cc</c>, <c>addc</c>, <c>sub.cc</c>, <c>subc</c>, <c>mad.cc</c>, <c>madc</c>.</summary>
internal static unsafe class Carries
{
    private enum Kind
    {
        Add,
        Subtract,
        MultiplyLow,
        MultiplyHigh,
    }

    /// <summary><c>addc</c> and <c>subc</c>.</summary>
    public static void Sum(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool gives = m.Take("cc");
        Lower(l, i, m.Type(), i.Opcode == "subc", true, gives);
    }

    /// <summary><c>madc</c>, and <c>mad</c> with <c>.cc</c>.</summary>
    public static void MultiplyAdd(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool gives = m.Take("cc"), takes = i.Opcode == "madc";
        PtxType t = m.Type();
        Kind kind = m.OneOf("lo", "hi") == "hi" ? Kind.MultiplyHigh : Kind.MultiplyLow;
        Emit(l, i, t, kind, takes, gives, l.Source(i.Operands[3], t));
    }

    public static void Lower(Lowering l, PtxInstruction i, PtxType t, bool subtract, bool takes, bool gives) =>
        Emit(l, i, t, subtract ? Kind.Subtract : Kind.Add, takes, gives, 0);

    private static void Emit(Lowering l, PtxInstruction i, PtxType t, Kind kind, bool takes, bool gives, int c)
    {
        int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t);
        ref Operation o = ref l.Add(&Run, l.Target(i.Operands[0], t), a, b, c);
        (o.Size, o.Mode, o.Count, o.E, o.F) = (t.Width, (int)kind, takes ? 1 : 0, gives ? 1 : 0, t.IsSigned ? 1 : 0);
    }

    private static Operation* Run(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        int bits = 8 * o->Size;
        UInt128 mask = (UInt128.One << bits) - 1;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong a = LaneMaps.Get(r + o->A, o->Size, lane), b = LaneMaps.Get(r + o->B, o->Size, lane);
            ulong carry = o->Count != 0 ? w.Carry >> lane & 1 : 0;
            UInt128 result;
            if ((Kind)o->Mode == Kind.Add)
            {
                result = (UInt128)a + b + carry;
            }
            else if ((Kind)o->Mode == Kind.Subtract)
            {
                result = (UInt128)a - b - carry;
            }
            else
            {
                UInt128 product = o->F != 0 ? (UInt128)((Int128)Signed(a, bits) * Signed(b, bits)) : (UInt128)a * b;
                product = ((Kind)o->Mode == Kind.MultiplyHigh ? product >> bits : product) & mask;
                result = product + LaneMaps.Get(r + o->C, o->Size, lane) + carry;
            }

            LaneMaps.Set(r + o->D, o->Size, lane, (ulong)(result & mask));
            if (o->E != 0)
            {
                bool over = (result & ~mask) != 0;
                w.Carry = (w.Carry & ~(1u << lane)) | (over ? 1u << lane : 0);
            }
        }

        return o + 1;
    }

    private static long Signed(ulong value, int bits) => (long)(value << (64 - bits)) >> (64 - bits);
}
