using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary><c>ld</c> and <c>st</c> in all state spaces. Values are D, E, F, G; the address is A; <see cref="Operation.H"/> is the kind of access.</summary>
internal static unsafe class LoadStore
{
    private const int Wide = 1;

    public static void Load(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int count = m.OneOf("v2", "v4") switch { "v2" => 2, "v4" => 4, _ => 1 };
        PtxSpace space = Space(m);
        AccessKind kind = m.Take("nc") ? AccessKind.ReadOnly : Strong(m) ? AccessKind.StrongRead : AccessKind.Read;
        Hints(m);
        int[] targets = [.. Elements(i.Operands[0], count).Select(operand => l.Target(operand, t))];
        if (IsArgument(l, i.Operands[1], space))
        {
            PtxOperand address = i.Operands[1];
            for (int k = 0; k < count; k++)
            {
                ref Operation load = ref l.Add(&LoadArgument, targets[k]);
                (load.Immediate, load.Size) = (address.Base!.Variable!.Offset + address.Offset + (k * t.Bytes), t.Bytes);
            }

            return;
        }

        Emit(l, i.Operands[1], space, kind, t.Bytes, targets, true);
    }

    public static void Store(Lowering l, PtxInstruction i, Modifiers m)
    {
        PtxType t = m.Type();
        int count = m.OneOf("v2", "v4") switch { "v2" => 2, "v4" => 4, _ => 1 };
        PtxSpace space = Space(m);
        AccessKind kind = Strong(m) ? AccessKind.StrongWrite : AccessKind.Write;
        Hints(m);

        // A register wider than the type gives its low bytes.
        PtxType bits = new(PtxKind.Bits, Math.Max(4, t.Bytes));
        int[] sources = [.. Elements(i.Operands[1], count).Select(operand =>
            l.Source(operand, operand.Register is { Type.Bytes: < 4 } ? new PtxType(PtxKind.Bits, 2) : operand.Kind == PtxOperandKind.Immediate ? t : bits))];
        if (IsArgument(l, i.Operands[0], space))
        {
            throw new UnknownFormException("arguments cannot be written");
        }

        Emit(l, i.Operands[0], space, kind, t.Bytes, sources, false);
    }

    /// <summary>createpolicy: a number that caches understand; any will do.</summary>
    public static void CreatePolicy(Lowering l, PtxInstruction i, Modifiers m)
    {
        Branches.Nothing(l, i, m);
        Moves.Copy(l, 8, l.Target(i.Operands[0], new PtxType(PtxKind.Bits, 8)), l.Constant(1, 8));
    }

    /// <summary>Takes the space; none is generic.</summary>
    public static PtxSpace Space(Modifiers m) =>
        m.OneOf("global", "shared", "shared::cta", "shared::cluster", "local", "param", "param::entry", "param::func", "const") switch
        {
            null => PtxSpace.Generic,
            "global" => PtxSpace.Global,
            "local" => PtxSpace.Local,
            "const" => PtxSpace.Constant,
            "param" or "param::entry" or "param::func" => PtxSpace.Parameter,
            _ => PtxSpace.Shared,
        };

    /// <summary>Takes ordering and scope; tells whether the access is ordered with others.</summary>
    public static bool Strong(Modifiers m)
    {
        string? order = m.OneOf("weak", "volatile", "relaxed", "acquire", "release", "acq_rel", "mmio");
        m.OneOf("cta", "cluster", "gpu", "sys");
        return order is not (null or "weak");
    }

    /// <summary>Takes what is meant for caches.</summary>
    public static void Hints(Modifiers m)
    {
        m.OneOf("ca", "cg", "cs", "lu", "cv", "wb", "wt");
        while (m.First(word => word.StartsWith("L1::") || word.StartsWith("L2::")) is not null)
        {
            // one or several
        }
    }

    /// <summary>Bytes a lane reads or writes.</summary>
    public static int Bytes(Operation* o) => o->Size * o->Count;

    private static IReadOnlyList<PtxOperand> Elements(PtxOperand operand, int count)
    {
        IReadOnlyList<PtxOperand> elements = operand.Kind == PtxOperandKind.Vector ? operand.Elements : [operand];
        return elements.Count == count ? elements : throw new UnknownFormException($"{count} values are expected, got {elements.Count}");
    }

    private static bool IsArgument(Lowering l, PtxOperand address, PtxSpace space) =>
        space == PtxSpace.Parameter && address.Base!.Variable is PtxVariable variable && l.IsArgument(variable);

    private static void Emit(Lowering l, PtxOperand address, PtxSpace space, AccessKind kind, int size, int[] values, bool load)
    {
        // Parameters of a function are variables of the thread.
        space = space == PtxSpace.Parameter && address.Base!.Kind == PtxOperandKind.Variable ? PtxSpace.Local : space;
        (int column, bool wide, long offset) = MemoryAddress.Lower(l, address, space is PtxSpace.Shared or PtxSpace.Local);
        int access = l.AddAccess();
        ref Operation o = ref l.Add(Handler(space, load), values[0], column);
        (o.Object, o.Mode, o.Immediate, o.Size, o.Count, o.H) = (access, wide ? Wide : 0, offset, size, values.Length, (int)kind);
        (o.E, o.F, o.G) = (values.Length > 1 ? values[1] : 0, values.Length > 2 ? values[2] : 0, values.Length > 3 ? values[3] : 0);
        if (space == PtxSpace.Parameter)
        {
            o.Immediate -= (long)MemoryMap.ParameterWindow;
        }
    }

    private static delegate*<Warp, Operation*, Operation*> Handler(PtxSpace space, bool load) => (space, load) switch
    {
        (PtxSpace.Global or PtxSpace.Constant, true) => &LoadGlobal,
        (PtxSpace.Global, false) => &StoreGlobal,
        (PtxSpace.Shared, true) => &LoadShared,
        (PtxSpace.Shared, false) => &StoreShared,
        (PtxSpace.Local, true) => &LoadLocal,
        (PtxSpace.Local, false) => &StoreLocal,
        (PtxSpace.Parameter, true) => &LoadParameter,
        (PtxSpace.Generic, true) => &LoadGeneric,
        (PtxSpace.Generic, false) => &StoreGeneric,
        _ => throw new UnknownFormException($"{space} memory cannot be written"),
    };

    private static ulong* Addresses(Warp w, Operation* o) => MemoryAddress.Compute(w, o->A, (o->Mode & Wide) != 0, o->Immediate);

    private static Operation* LoadArgument(Warp w, Operation* o)
    {
        byte* p = MemoryAddress.Argument(w, o, (ulong)o->Immediate, o->Size, 0);
        if (o->Size == 8)
        {
            Lanes.Fill64(w.Registers + o->D, *(ulong*)p, w.Mask);
        }
        else
        {
            Lanes.Fill32(w.Registers + o->D, o->Size == 4 ? *(uint*)p : o->Size == 2 ? *(ushort*)p : *p, w.Mask);
        }

        return o + 1;
    }

    private static Operation* LoadGlobal(Warp w, Operation* o)
    {
        FromGlobal(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* StoreGlobal(Warp w, Operation* o)
    {
        ToGlobal(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* LoadShared(Warp w, Operation* o)
    {
        FromShared(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* StoreShared(Warp w, Operation* o)
    {
        ToShared(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* LoadLocal(Warp w, Operation* o)
    {
        FromLocal(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* StoreLocal(Warp w, Operation* o)
    {
        ToLocal(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* LoadParameter(Warp w, Operation* o)
    {
        FromArguments(w, o, Addresses(w, o), w.Mask);
        return o + 1;
    }

    private static Operation* LoadGeneric(Warp w, Operation* o) => Generic(w, o, true);

    private static Operation* StoreGeneric(Warp w, Operation* o) => Generic(w, o, false);

    private static Operation* Generic(Warp w, Operation* o, bool load)
    {
        ulong* addresses = Addresses(w, o);
        foreach (PtxSpace space in (ReadOnlySpan<PtxSpace>)[PtxSpace.Global, PtxSpace.Shared, PtxSpace.Local, PtxSpace.Parameter])
        {
            uint mask = InSpace(addresses, w.Mask, space);
            if (mask == 0)
            {
                continue;
            }

            switch (space, load)
            {
                case (PtxSpace.Global, true):
                    FromGlobal(w, o, addresses, mask);
                    break;
                case (PtxSpace.Global, false):
                    ToGlobal(w, o, addresses, mask);
                    break;
                case (PtxSpace.Shared, true):
                    FromShared(w, o, addresses, mask);
                    break;
                case (PtxSpace.Shared, false):
                    ToShared(w, o, addresses, mask);
                    break;
                case (PtxSpace.Local, true):
                    FromLocal(w, o, addresses, mask);
                    break;
                case (PtxSpace.Local, false):
                    ToLocal(w, o, addresses, mask);
                    break;
                case (_, true):
                    FromArguments(w, o, addresses, mask);
                    break;
                default:
                    throw w.Fault(FindingKind.WrongSpace, o, Warp.First(mask), "arguments are written");
            }
        }

        return o + 1;
    }

    /// <summary>Lanes whose generic address is in a space; their addresses become those within the space.</summary>
    public static uint InSpace(ulong* addresses, uint mask, PtxSpace space)
    {
        uint found = 0;
        ulong window = space switch { PtxSpace.Shared => MemoryMap.SharedWindow, PtxSpace.Local => MemoryMap.LocalWindow, PtxSpace.Parameter => MemoryMap.ParameterWindow, _ => 0 };
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            if (MemoryMap.SpaceOf(addresses[lane]) == space)
            {
                found |= 1u << lane;
            }
        }

        for (uint left = found; window != 0 && left != 0; left &= left - 1)
        {
            addresses[Warp.First(left)] -= window;
        }

        return found;
    }

    private static void FromGlobal(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        int bytes = Bytes(o);
        if (mask == Lanes.All && w.Checker is null && o->Count == 1 && o->Size == 4 && MemoryAddress.FollowEachOther(addresses, 4))
        {
            byte* p = MemoryAddress.GlobalRange(w, o, addresses[0], 128, 4);
            if (p != null)
            {
                Vector512.Load(p).Store(w.Registers + o->D);
                Vector512.Load(p + 64).Store(w.Registers + o->D + 64);
                return;
            }
        }

        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Global(w, o, addresses[lane], bytes, lane);
        }

        w.Checker?.Global(w, o, addresses, mask, bytes, (AccessKind)o->H);
        LaneTransfer.Load(w, o, hosts, mask);
    }

    private static void ToGlobal(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        int bytes = Bytes(o);
        if (mask == Lanes.All && w.Checker is null && o->Count == 1 && o->Size == 4 && MemoryAddress.FollowEachOther(addresses, 4))
        {
            byte* p = MemoryAddress.GlobalRange(w, o, addresses[0], 128, 4);
            if (p != null)
            {
                Vector512.Load(w.Registers + o->D).Store(p);
                Vector512.Load(w.Registers + o->D + 64).Store(p + 64);
                return;
            }
        }

        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Global(w, o, addresses[lane], bytes, lane);
        }

        w.Checker?.Global(w, o, addresses, mask, bytes, (AccessKind)o->H);
        LaneTransfer.Store(w, o, hosts, mask);
    }

    private static void FromShared(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        byte** hosts = stackalloc byte*[Lanes.Count];
        ToHosts(w, o, addresses, mask, hosts);
        LaneTransfer.Load(w, o, hosts, mask);
    }

    private static void ToShared(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        byte** hosts = stackalloc byte*[Lanes.Count];
        ToHosts(w, o, addresses, mask, hosts);
        LaneTransfer.Store(w, o, hosts, mask);
    }

    private static void ToHosts(Warp w, Operation* o, ulong* addresses, uint mask, byte** hosts)
    {
        int bytes = Bytes(o);
        uint own = mask;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Shared(w, o, addresses[lane], bytes, lane);
            if (addresses[lane] >> MemoryMap.RankShift != 0)
            {
                own &= ~(1u << lane);
                if (w.Checker is not null)
                {
                    (Block owner, uint within) = MemoryAddress.Owner(w, o, addresses[lane], lane);
                    w.Checker.Remote(w, o, lane, owner, within, bytes, (AccessKind)o->H);
                }
            }
        }

        w.Checker?.Shared(w, o, addresses, own, bytes, (AccessKind)o->H);
    }

    private static void FromLocal(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Local(w, o, addresses[lane], Bytes(o), lane);
        }

        LaneTransfer.Load(w, o, hosts, mask);
    }

    private static void ToLocal(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Local(w, o, addresses[lane], Bytes(o), lane);
        }

        LaneTransfer.Store(w, o, hosts, mask);
    }

    private static void FromArguments(Warp w, Operation* o, ulong* addresses, uint mask)
    {
        byte** hosts = stackalloc byte*[Lanes.Count];
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            hosts[lane] = MemoryAddress.Argument(w, o, addresses[lane], Bytes(o), lane);
        }

        LaneTransfer.Load(w, o, hosts, mask);
    }
}
