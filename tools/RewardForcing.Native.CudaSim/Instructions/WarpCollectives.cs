using System.Numerics;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Instructions in which lanes of a warp exchange values. Lanes that the member mask names and that are not here yet are waited for.</summary>
internal static unsafe class WarpCollectives
{
    private static readonly PtxType B32 = new(PtxKind.Bits, 4);
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);

    public static void Shuffle(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        m.Type();
        int mode = m.OneOf("up", "down", "bfly", "idx") switch { "up" => 0, "down" => 1, "bfly" => 2, "idx" => 3, _ => throw new UnknownFormException("its direction is missing") };
        int a = l.Source(i.Operands[1], B32), b = l.Source(i.Operands[2], B32), c = l.Source(i.Operands[3], B32), members = l.Source(i.Operands[4], B32);
        PtxOperand target = i.Operands[0];
        int d = l.Target(new PtxOperand { Kind = target.Kind, Text = target.Text, Register = target.Register }, B32);
        int p = target.Pair is null ? l.Temporary(0) : l.Target(target.Pair, Predicate);
        ref Operation o = ref l.Add(&RunShuffle, d, a, b, c);
        (o.E, o.F, o.Mode) = (p, members, mode);
    }

    public static void Vote(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        PtxType t = m.Type();
        int mode = m.OneOf("all", "any", "uni", "ballot") switch { "all" => 0, "any" => 1, "uni" => 2, "ballot" => 3, _ => throw new UnknownFormException("its kind is missing") };
        int a = l.Predicate(i.Operands[1]), members = l.Source(i.Operands[2], B32);
        ref Operation o = ref l.Add(&RunVote, 0, a);
        (o.F, o.Mode) = (members, mode);
        o.D = l.Target(i.Operands[0], t);
    }

    public static void Match(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        PtxType t = m.Type();
        bool all = m.OneOf("any", "all") == "all";
        PtxOperand target = i.Operands[0];
        int a = l.Source(i.Operands[1], t), members = l.Source(i.Operands[2], B32);
        int d = l.Target(new PtxOperand { Kind = target.Kind, Text = target.Text, Register = target.Register }, B32);
        int p = target.Pair is null ? l.Temporary(0) : l.Target(target.Pair, Predicate);
        ref Operation o = ref l.Add(&RunMatch, d, a);
        (o.E, o.F, o.Mode, o.Size) = (p, members, all ? 1 : 0, t.Width);
    }

    public static void Reduce(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        PtxType t = m.Type();
        string name = m.OneOf("add", "min", "max", "and", "or", "xor") ?? throw new UnknownFormException("its operation is missing");
        Func<uint, uint, uint> combine = name switch
        {
            "add" => (a, b) => a + b,
            "and" => (a, b) => a & b,
            "or" => (a, b) => a | b,
            "xor" => (a, b) => a ^ b,
            "min" => t.IsSigned ? (a, b) => (uint)Math.Min((int)a, (int)b) : Math.Min,
            _ => t.IsSigned ? (a, b) => (uint)Math.Max((int)a, (int)b) : Math.Max,
        };
        int number = l.AddObject(combine);
        int source = l.Source(i.Operands[1], t), members = l.Source(i.Operands[2], B32);
        ref Operation o = ref l.Add(&RunReduce, 0, source);
        (o.F, o.Object) = (members, number);
        o.D = l.Target(i.Operands[0], t);
    }

    public static void ActiveMask(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Type();
        l.Add(&RunActiveMask, l.Target(i.Operands[0], B32));
    }

    /// <summary>Waits for the members of every lane's mask; false, with the step to run instead, if some are not here.</summary>
    public static bool Gather(Warp w, Operation* o, int maskColumn, out Operation* instead)
    {
        var masks = (uint*)(w.Registers + maskColumn);
        uint members = 0;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            if ((masks[lane] >> lane & 1) == 0)
            {
                throw w.Fault(FindingKind.Divergence, o, lane, $"the member mask {masks[lane]:x8} does not name the lane itself");
            }

            members |= masks[lane];
        }

        return GatherLanes(w, o, members & w.Live, out instead);
    }

    /// <summary>Waits for lanes of the warp.</summary>
    public static bool GatherLanes(Warp w, Operation* o, uint needed, out Operation* instead)
    {
        instead = null;
        if ((needed & ~w.Mask) == 0)
        {
            return true;
        }

        if ((needed & ~w.Active) == 0)
        {
            throw w.Fault(FindingKind.Divergence, o, Warp.First(needed & ~w.Mask), $"lanes {needed & ~w.Mask:x8} are needed and their predicate is false");
        }

        instead = Divergence.Await(w, o, needed);
        return false;
    }

    private static Operation* RunShuffle(Warp w, Operation* o)
    {
        if (!Gather(w, o, o->F, out Operation* instead))
        {
            return instead;
        }

        byte* r = w.Registers;
        uint* a = (uint*)(r + o->A), b = (uint*)(r + o->B), c = (uint*)(r + o->C);
        uint* result = stackalloc uint[Lanes.Count];
        uint inRange = 0, absent = 0;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            int distance = (int)(b[lane] & 31), clamp = (int)(c[lane] & 31), segment = (int)(c[lane] >> 8 & 31);
            int last = (lane & segment) | (clamp & ~segment), first = lane & segment;
            int source = o->Mode switch { 0 => lane - distance, 1 => lane + distance, 2 => lane ^ distance, _ => first | (distance & ~segment) };
            bool valid = o->Mode == 0 ? source >= last : source <= last;
            source = valid ? source : lane;
            inRange |= valid ? 1u << lane : 0;
            absent |= (w.Mask >> source & 1) == 0 ? 1u << lane : 0;
            result[lane] = a[source];
        }

        if (absent != 0 && w.Checker is not null)
        {
            w.Checker.Report(w, FindingKind.Divergence, o, Warp.First(absent), $"lanes {absent:x8} read from lanes that do not take part");
        }

        for (int part = 0; part < 2; part++)
        {
            Lanes.Store(r + o->D, part, Lanes.Load<uint>((byte*)result, part), w.Mask);
        }

        Lanes.StorePredicate(r + o->E, inRange, w.Mask);
        return o + 1;
    }

    private static Operation* RunVote(Warp w, Operation* o)
    {
        if (!Gather(w, o, o->F, out Operation* instead))
        {
            return instead;
        }

        byte* r = w.Registers;
        uint holds = *(uint*)(r + o->A) & w.Mask;
        var masks = (uint*)(r + o->F);
        uint bits = 0;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            uint members = masks[lane] & w.Mask, holding = holds & members;
            bool result = o->Mode switch { 0 => holding == members, 1 => holding != 0, _ => holding == members || holding == 0 };
            bits |= result ? 1u << lane : 0;
            if (o->Mode == 3)
            {
                ((uint*)(r + o->D))[lane] = holding;
            }
        }

        if (o->Mode != 3)
        {
            Lanes.StorePredicate(r + o->D, bits, w.Mask);
        }

        return o + 1;
    }

    private static Operation* RunMatch(Warp w, Operation* o)
    {
        if (!Gather(w, o, o->F, out Operation* instead))
        {
            return instead;
        }

        byte* r = w.Registers;
        var masks = (uint*)(r + o->F);
        uint* result = stackalloc uint[Lanes.Count];
        uint agree = 0;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong value = LaneMaps.Get(r + o->A, o->Size, lane);
            uint members = masks[lane] & w.Mask, same = 0;
            for (uint others = members; others != 0; others &= others - 1)
            {
                int other = Warp.First(others);
                same |= LaneMaps.Get(r + o->A, o->Size, other) == value ? 1u << other : 0;
            }

            bool all = same == members;
            agree |= all ? 1u << lane : 0;
            result[lane] = o->Mode == 0 || all ? same : 0;
        }

        for (int part = 0; part < 2; part++)
        {
            Lanes.Store(r + o->D, part, Lanes.Load<uint>((byte*)result, part), w.Mask);
        }

        Lanes.StorePredicate(r + o->E, agree, w.Mask);
        return o + 1;
    }

    private static Operation* RunReduce(Warp w, Operation* o)
    {
        if (!Gather(w, o, o->F, out Operation* instead))
        {
            return instead;
        }

        byte* r = w.Registers;
        var combine = (Func<uint, uint, uint>)w.Program.Objects[o->Object];
        var masks = (uint*)(r + o->F);
        uint* result = stackalloc uint[Lanes.Count];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            uint members = masks[lane] & w.Mask;
            uint sum = ((uint*)(r + o->A))[Warp.First(members)];
            for (uint others = members & (members - 1); others != 0; others &= others - 1)
            {
                sum = combine(sum, ((uint*)(r + o->A))[BitOperations.TrailingZeroCount(others)]);
            }

            result[lane] = sum;
        }

        for (int part = 0; part < 2; part++)
        {
            Lanes.Store(r + o->D, part, Lanes.Load<uint>((byte*)result, part), w.Mask);
        }

        return o + 1;
    }

    private static Operation* RunActiveMask(Warp w, Operation* o)
    {
        Lanes.Fill32(w.Registers + o->D, w.Active, w.Mask);
        return o + 1;
    }
}
