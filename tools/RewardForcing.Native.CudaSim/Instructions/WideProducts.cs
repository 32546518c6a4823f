using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Products of twice the width, alone or with a sum.</summary>
internal static unsafe class WideProducts
{
    public static void Lower(Lowering l, PtxInstruction i, PtxType t, bool adds)
    {
        var wide = new PtxType(t.Kind, 2 * t.Bytes);
        if (t.Bytes == 4)
        {
            int a = l.Source(i.Operands[1], t), b = l.Source(i.Operands[2], t), c = adds ? l.Source(i.Operands[3], wide) : l.Constant(0, 8);
            l.Add(t.IsSigned ? &Signed : &Unsigned, l.Target(i.Operands[0], wide), a, b, c);
        }
        else if (t.Bytes == 2)
        {
            Func<ulong, ulong, ulong> product = t.IsSigned ? (a, b) => (uint)((short)a * (short)b) : (a, b) => (uint)a * (uint)b;
            if (adds)
            {
                LaneMaps.Add(l, wide, i.Operands[0], t, i.Operands[1], t, i.Operands[2], wide, i.Operands[3], (a, b, c) => (uint)(product(a, b) + c));
            }
            else
            {
                LaneMaps.Add(l, wide, i.Operands[0], t, i.Operands[1], t, i.Operands[2], product);
            }
        }
        else
        {
            throw new UnknownFormException("products of 128 bits");
        }
    }

    private static Operation* Signed(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        for (int half = 0; half < 2; half++)
        {
            Vector512<int> a = Lanes.Load<int>(r + o->A, half), b = Lanes.Load<int>(r + o->B, half);
            (Vector512<long> a0, Vector512<long> a1) = Vector512.Widen(a);
            (Vector512<long> b0, Vector512<long> b1) = Vector512.Widen(b);
            Lanes.Store(r + o->D, 2 * half, (a0 * b0) + Lanes.Load<long>(r + o->C, 2 * half), w.Mask);
            Lanes.Store(r + o->D, (2 * half) + 1, (a1 * b1) + Lanes.Load<long>(r + o->C, (2 * half) + 1), w.Mask);
        }

        return o + 1;
    }

    private static Operation* Unsigned(Warp w, Operation* o)
    {
        byte* r = w.Registers;
        for (int half = 0; half < 2; half++)
        {
            Vector512<uint> a = Lanes.Load<uint>(r + o->A, half), b = Lanes.Load<uint>(r + o->B, half);
            (Vector512<ulong> a0, Vector512<ulong> a1) = Vector512.Widen(a);
            (Vector512<ulong> b0, Vector512<ulong> b1) = Vector512.Widen(b);
            Lanes.Store(r + o->D, 2 * half, (a0 * b0) + Lanes.Load<ulong>(r + o->C, 2 * half), w.Mask);
            Lanes.Store(r + o->D, (2 * half) + 1, (a1 * b1) + Lanes.Load<ulong>(r + o->C, (2 * half) + 1), w.Mask);
        }

        return o + 1;
    }
}
