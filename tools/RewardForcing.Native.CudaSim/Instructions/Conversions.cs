using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary><c>cvt</c>: vector steps for the common pairs of types, a lane function for all others.</summary>
internal static unsafe class Conversions
{
    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType from = m.Type(), to = m.Type();
        var how = new ConversionRules(m);
        if (to.Packed == 2 && from is { Kind: PtxKind.Float, Bytes: 4, Packed: 1 })
        {
            Pack(l, i, from, to, how);
            return;
        }

        if (Fast(l, i, from, to, how))
        {
            return;
        }

        Func<ulong, ulong> function = to.Packed == 2
            ? how.UnpackEight(from, to)
            : from.Packed == 2 ? throw new UnknownFormException($"from .{from} to .{to}") : how.Function(from, to);
        LaneMaps.Add(l, to, i.Operands[0], from, i.Operands[1], function);
    }

    /// <summary>Adds a step that extends the low bytes of a column to a wider type, with the sign if the narrow type has one.</summary>
    public static void Extend(Lowering l, PtxType from, PtxType to, int d, int a)
    {
        if (from is { Bytes: 4, IsSigned: true } && to.Width == 8)
        {
            l.Add(&SignExtend64, d, a);
        }
        else if (from is { Width: 4, Bytes: > 1, IsSigned: false } && to.Width == 8)
        {
            l.Add(&ZeroExtend64, d, a);
        }
        else if (!from.IsSigned && to.Width == 4)
        {
            Truncate(l, from.Bytes, d, a, from.Width);
        }
        else
        {
            int bits = 64 - (8 * from.Bytes);
            ulong mask = to.Bytes == 8 ? ulong.MaxValue : (1UL << (8 * to.Bytes)) - 1;
            LaneMaps.AddColumns(l, to.Width, d, from.Width, a, from.IsSigned ? x => (ulong)((long)(x << bits) >> bits) & mask : x => x << bits >> bits);
        }
    }

    /// <summary>Adds a step that keeps the low bytes of a column, with zeros above.</summary>
    public static void Truncate(Lowering l, int bytes, int d, int a, int width)
    {
        if (width == 8)
        {
            l.Add(&Narrow, d, a).Immediate = bytes >= 4 ? uint.MaxValue : (1L << (8 * bytes)) - 1;
        }
        else
        {
            l.Add(&Vectors.Binary<uint, AndBits<uint>>, d, a, l.Constant((1UL << (8 * bytes)) - 1, 4));
        }
    }

    private static bool Fast(Lowering l, PtxInstruction i, PtxType from, PtxType to, ConversionRules how)
    {
        if (from.IsInteger && to.IsInteger && !how.Saturate)
        {
            int source = l.Source(i.Operands[1], from), target = l.Target(i.Operands[0], to);
            if (to.Bytes <= from.Bytes)
            {
                if (from.Width == 4 && to.Bytes == 4)
                {
                    l.Add(&Vectors.Unary<uint, Copy<uint>>, target, source);
                }
                else if (to.Bytes == 8)
                {
                    l.Add(&Vectors.Unary<ulong, Copy<ulong>>, target, source);
                }
                else
                {
                    Truncate(l, to.Bytes, target, source, from.Width);
                }
            }
            else
            {
                Extend(l, from, to, target, source);
            }

            return true;
        }

        delegate*<Warp, Operation*, Operation*> run = null;
        bool plain = !how.Saturate && !how.Flush && !how.Relu;
        if (plain && to is { Kind: PtxKind.Float, Bytes: 4 } && from.Bytes == 4 && from.IsInteger && how.Rounding == Rounding.NearestEven)
        {
            run = from.IsSigned ? &Vectors.Unary<uint, FromInt32> : &Vectors.Unary<uint, FromUInt32>;
        }
        else if (plain && to is { Kind: PtxKind.BFloat, Bytes: 2 } && from is { Kind: PtxKind.Float, Bytes: 4 } && how.Rounding == Rounding.NearestEven)
        {
            run = &Vectors.Unary<uint, ToBFloat>;
        }
        else if (plain && from is { Kind: PtxKind.BFloat, Bytes: 2 } && to is { Kind: PtxKind.Float, Bytes: 4 })
        {
            run = &Vectors.Unary<uint, FromBFloat>;
        }

        if (run != null)
        {
            int source = l.Source(i.Operands[1], from);
            l.Add(run, l.Target(i.Operands[0], to), source);
        }

        return run != null;
    }

    // cvt.rn.bf16x2.f32 d, a, b: a goes to the high half.
    private static void Pack(Lowering l, PtxInstruction i, PtxType from, PtxType to, ConversionRules how)
    {
        if (to.Kind == PtxKind.BFloat && how is { Rounding: Rounding.NearestEven, Relu: false, Saturate: false })
        {
            int a = l.Source(i.Operands[1], from), b = l.Source(i.Operands[2], from);
            l.Add(&Vectors.Binary<uint, PackBFloat>, l.Target(i.Operands[0], to), a, b);
            return;
        }

        PtxType half = new(to.Kind, to.Bytes / 2);
        Func<ulong, ulong> one = how.Function(from, half);
        int bits = 8 * half.Bytes;
        LaneMaps.Add(l, to, i.Operands[0], from, i.Operands[1], from, i.Operands[2], (high, low) => (one(high) << bits) | one(low));
    }

    private static Operation* SignExtend64(Warp w, Operation* o)
    {
        byte* d = w.Registers + o->D;
        int* a = (int*)(w.Registers + o->A);
        for (int part = 0; part < 4; part++)
        {
            Vector256<int> x = Vector256.Load(a + (8 * part));
            (Vector256<long> low, Vector256<long> high) = Vector256.Widen(x);
            Lanes.Store(d, part, Vector512.Create(low, high), w.Mask);
        }

        return o + 1;
    }

    private static Operation* ZeroExtend64(Warp w, Operation* o)
    {
        byte* d = w.Registers + o->D;
        uint* a = (uint*)(w.Registers + o->A);
        for (int part = 0; part < 4; part++)
        {
            Vector256<uint> x = Vector256.Load(a + (8 * part));
            (Vector256<ulong> low, Vector256<ulong> high) = Vector256.Widen(x);
            Lanes.Store(d, part, Vector512.Create(low, high), w.Mask);
        }

        return o + 1;
    }

    private static Operation* Narrow(Warp w, Operation* o)
    {
        byte* d = w.Registers + o->D, a = w.Registers + o->A;
        Vector512<uint> keep = Vector512.Create((uint)o->Immediate);
        Vector512<uint> first = Vector512.Narrow(Lanes.Load<ulong>(a, 0), Lanes.Load<ulong>(a, 1));
        Vector512<uint> second = Vector512.Narrow(Lanes.Load<ulong>(a, 2), Lanes.Load<ulong>(a, 3));
        Lanes.Store(d, 0, first & keep, w.Mask);
        Lanes.Store(d, 1, second & keep, w.Mask);
        return o + 1;
    }
}
