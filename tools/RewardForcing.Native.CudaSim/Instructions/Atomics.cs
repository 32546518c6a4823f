using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>atom</c> and <c>red</c>. Lanes take turns, and the blocks that run at the same time on other threads of the host are kept out by comparing and
/// exchanging. Operands are B and C; A is the address; D, where <see cref="Operation.Count"/> is positive, takes the old value.
/// </summary>
internal static unsafe class Atomics
{
    private static readonly string[] Names = ["add", "exch", "cas", "and", "or", "xor", "inc", "dec", "min", "max"];

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool returns = i.Opcode == "atom";
        string name = m.OneOf(Names) ?? throw new UnknownFormException("its operation is missing");
        bool exact = m.Take("noftz");
        PtxType t = m.Type();
        int count = m.OneOf("v2", "v4", "v8") is string vector ? vector[1] - '0' : 1;
        PtxSpace space = LoadStore.Space(m);
        LoadStore.Strong(m);
        LoadStore.Hints(m);
        int first = returns ? 1 : 0;
        PtxOperand address = i.Operands[first];
        Func<ulong, ulong, ulong, ulong> function = Function(name, t, space == PtxSpace.Global && !exact);
        int number = l.AddObject(function);
        for (int k = 0; k < count; k++)
        {
            PtxOperand value = count > 1 ? i.Operands[first + 1].Elements[k] : i.Operands[first + 1];
            int b = l.Source(value, t), c = name == "cas" ? l.Source(i.Operands[first + 2], t) : l.Constant(0, t.Width);
            (int column, bool wide, long offset) = MemoryAddress.Lower(l, address, space == PtxSpace.Shared);
            PtxOperand? target = !returns ? null : count > 1 ? i.Operands[0].Elements[k] : i.Operands[0];
            int d = target is null ? 0 : l.Target(target, t);
            int access = l.AddAccess();
            ref Operation o = ref l.Add(&Run, d, column, b, c);
            (o.Object, o.E, o.Mode, o.Immediate, o.Size, o.F) = (access, number, wide ? 1 : 0, offset + (k * t.Bytes), t.Bytes, (int)space);
            (o.Count, o.H) = (returns ? 1 : 0, (int)AccessKind.Atomic);
        }
    }

    private static Operation* Run(Warp w, Operation* o)
    {
        var function = (Func<ulong, ulong, ulong, ulong>)w.Program.Objects[o->E];
        ulong* addresses = MemoryAddress.Compute(w, o->A, o->Mode != 0, o->Immediate);
        var space = (PtxSpace)o->F;
        uint global = space == PtxSpace.Generic ? LoadStore.InSpace(addresses, w.Mask, PtxSpace.Global) : space == PtxSpace.Global ? w.Mask : 0;
        uint shared = space == PtxSpace.Generic ? LoadStore.InSpace(addresses, w.Mask, PtxSpace.Shared) : space == PtxSpace.Shared ? w.Mask : 0;
        if ((global | shared) != w.Mask)
        {
            throw w.Fault(FindingKind.WrongSpace, o, Warp.First(w.Mask & ~(global | shared)), "atomics work on global and shared memory only");
        }

        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            bool isShared = (shared >> lane & 1) != 0;
            hosts[lane] = isShared ? MemoryAddress.Shared(w, o, addresses[lane], o->Size, lane) : MemoryAddress.Global(w, o, addresses[lane], o->Size, lane);
            if (isShared && w.Checker is not null && addresses[lane] >> MemoryMap.RankShift != 0)
            {
                (Block owner, uint within) = MemoryAddress.Owner(w, o, addresses[lane], lane);
                w.Checker.Remote(w, o, lane, owner, within, o->Size, AccessKind.Atomic);
                shared &= ~(1u << lane);
            }
        }

        if (w.Checker is not null)
        {
            if (global != 0)
            {
                w.Checker.Global(w, o, addresses, global, o->Size, AccessKind.Atomic);
            }

            if (shared != 0)
            {
                w.Checker.Shared(w, o, addresses, shared, o->Size, AccessKind.Atomic);
            }
        }

        // The order of lanes is not defined: a shuffled run begins somewhere else.
        int start = w.Block.Grid.Options.Shuffle ? (int)(w.Random() & 31) : 0;
        for (int k = 0; k < Lanes.Count; k++)
        {
            int lane = (k + start) & 31;
            if ((w.Mask >> lane & 1) != 0)
            {
                One(w, o, hosts[lane], lane, function);
            }
        }

        return o + 1;
    }

    private static void One(Warp w, Operation* o, byte* host, int lane, Func<ulong, ulong, ulong, ulong> function)
    {
        int width = o->Size == 8 ? 8 : 4;
        ulong b = LaneMaps.Get(w.Registers + o->B, width, lane), c = LaneMaps.Get(w.Registers + o->C, width, lane);
        ulong old;
        if (o->Size == 8)
        {
            ref ulong place = ref *(ulong*)host;
            do
            {
                old = place;
            }
            while (Interlocked.CompareExchange(ref place, function(old, b, c), old) != old);
        }
        else
        {
            // 16 bits are exchanged with the word around them.
            ref uint place = ref *(uint*)((ulong)host & ~3UL);
            int shift = 8 * (int)((ulong)host & 3);
            uint mask = o->Size == 4 ? uint.MaxValue : 0xFFFFu << shift;
            uint word, next;
            do
            {
                word = place;
                old = (word & mask) >> shift;
                next = (word & ~mask) | (((uint)function(old, b, c) << shift) & mask);
            }
            while (Interlocked.CompareExchange(ref place, next, word) != word);
        }

        if (o->Count != 0)
        {
            LaneMaps.Set(w.Registers + o->D, width, lane, old);
        }
    }

    /// <summary>What an operation makes of the old value and its operands, as bits.</summary>
    public static Func<ulong, ulong, ulong, ulong> Function(string name, PtxType t, bool flush)
    {
        int unused = 64 - (8 * t.Bytes);
        ulong mask = ulong.MaxValue >> unused;
        switch (name)
        {
            case "exch":
                return (_, b, _) => b;
            case "cas":
                return (a, b, c) => a == b ? c : a;
            case "and":
                return (a, b, _) => a & b;
            case "or":
                return (a, b, _) => a | b;
            case "xor":
                return (a, b, _) => a ^ b;
            case "inc":
                return (a, b, _) => a >= b ? 0 : a + 1;
            case "dec":
                return (a, b, _) => a == 0 || a > b ? b : a - 1;
        }

        if (t.IsInteger)
        {
            return (name, t.IsSigned) switch
            {
                ("add", _) => (a, b, _) => (a + b) & mask,
                ("min", true) => (a, b, _) => (long)(a << unused) < (long)(b << unused) ? a : b,
                ("max", true) => (a, b, _) => (long)(a << unused) > (long)(b << unused) ? a : b,
                ("min", false) => (a, b, _) => Math.Min(a, b),
                _ => (a, b, _) => Math.Max(a, b),
            };
        }

        Func<double, double, double> combine = name switch { "add" => (a, b) => a + b, "min" => double.MinNumber, _ => double.MaxNumber };
        if (t.Bytes == 8)
        {
            return (a, b, _) => BitConverter.DoubleToUInt64Bits(combine(BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b)));
        }

        if (t is { Bytes: 4, Packed: 1 })
        {
            return (a, b, _) => Flushed(FloatFormat.Binary32.Encode(combine(Value(a), Value(b)), Rounding.NearestEven));
        }

        FloatFormat half = HalfArithmetic.Format(t);
        Func<ulong, ulong, ulong> one = (a, b) => half.Encode(combine(half.Decode((ushort)a), half.Decode((ushort)b)), Rounding.NearestEven);
        return t.Packed == 1 ? (a, b, _) => one(a, b) : (a, b, _) => one((ushort)a, (ushort)b) | (one((ushort)(a >> 16), (ushort)(b >> 16)) << 16);

        // atom.add.f32 on global memory takes subnormal values as zero.
        double Value(ulong bits) => BitConverter.UInt32BitsToSingle((uint)Flushed((uint)bits));

        ulong Flushed(uint bits) => flush && (bits & 0x7F800000) == 0 ? bits & 0x80000000 : bits;
    }
}
