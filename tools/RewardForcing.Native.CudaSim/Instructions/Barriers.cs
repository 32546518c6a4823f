using System.Numerics;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Barriers of a block (<c>bar.sync</c>, <c>bar.arrive</c>, <c>bar.red</c>) and of a warp (<c>bar.warp.sync</c>).</summary>
internal static unsafe class Barriers
{
    private const int Arrive = 1;
    private const int Reduce = 2;

    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        if (m.Take("warp"))
        {
            m.Take("sync");
            l.Add(&SyncWarp).F = l.Source(i.Operands[0], U32);
            return;
        }

        if (m.Take("cluster"))
        {
            Clusters.LowerBarrier(l, i, m);
            return;
        }

        m.Take("cta");
        m.Take("aligned");
        string kind = m.OneOf("sync", "arrive", "red") ?? throw new UnknownFormException("its kind is missing");
        if (kind == "red")
        {
            LowerReduction(l, i, m);
            return;
        }

        int id = l.Source(i.Operands[0], U32), count = i.Operands.Count > 1 ? l.Source(i.Operands[1], U32) : -1;
        ref Operation o = ref l.Add(&Run, 0, id, count);
        o.Mode = kind == "arrive" ? Arrive : 0;
        if (kind == "arrive" && count < 0)
        {
            throw new UnknownFormException("bar.arrive without a count");
        }
    }

    private static void LowerReduction(Lowering l, PtxInstruction i, Modifiers m)
    {
        string op = m.OneOf("popc", "and", "or") ?? throw new UnknownFormException("its operation is missing");
        PtxType t = m.Type();
        int id = l.Source(i.Operands[1], U32), count = i.Operands.Count > 3 ? l.Source(i.Operands[2], U32) : -1, p = l.Predicate(i.Operands[^1]);
        ref Operation o = ref l.Add(&Run, 0, id, count, p);
        o.Mode = Reduce;
        int number = l.AddObject(op);
        ref Operation result = ref l.Add(&Result, 0, id);
        result.Object = number;
        result.D = l.Target(i.Operands[0], t.Kind == PtxKind.Predicate ? Predicate : U32);
    }

    private static Operation* SyncWarp(Warp w, Operation* o) => WarpCollectives.Gather(w, o, o->F, out Operation* instead) ? o + 1 : instead;

    private static Operation* Run(Warp w, Operation* o)
    {
        if (!WarpCollectives.GatherLanes(w, o, w.Live, out Operation* instead))
        {
            return instead;
        }

        int lane = Warp.First(w.Mask);
        uint id = Uniform(w, o, o->A, "the barrier's number");
        if (id >= Block.BarrierCount)
        {
            throw w.Fault(FindingKind.Barrier, o, lane, $"there are {Block.BarrierCount} barriers, and this is number {id}");
        }

        int expected = BlockBarrier.Everyone;
        if (o->B >= 0)
        {
            uint count = Uniform(w, o, o->B, "the barrier's count");
            if (count == 0 || count % Lanes.Count != 0)
            {
                throw w.Fault(FindingKind.Barrier, o, lane, $"the count {count} of barrier {id} is not a multiple of {Lanes.Count}");
            }

            expected = (int)count / Lanes.Count;
        }

        BlockBarrier barrier = w.Block.Barriers[id];
        if (barrier.Arrived > 0 && barrier.Expected != expected)
        {
            throw w.Fault(FindingKind.Barrier, o, lane, $"barrier {id} is used with a count of {Words(expected)}, and other warps wait there for {Words(barrier.Expected)}");
        }

        barrier.Expected = expected;
        barrier.Arrived++;
        barrier.Holding += o->Mode == Reduce ? BitOperations.PopCount(*(uint*)(w.Registers + o->C) & w.Mask) : 0;
        barrier.Lanes += BitOperations.PopCount(w.Mask);
        w.Block.Worker.Progress++;
        w.Checker?.Arrive(w, ref barrier.Clock);
        bool waits = o->Mode != Arrive;
        if (waits)
        {
            barrier.Waiting |= 1u << w.Index;
            w.State = WarpState.AtBarrier;
            w.BarrierIndex = (int)id;
            w.Next = o + 1;
            w.StoppedAt = o;
        }

        w.Block.TryRelease((int)id);
        return waits && w.State == WarpState.AtBarrier ? null : o + 1;
    }

    // The barrier keeps its last two results: this warp must read its own before it can complete another.
    private static Operation* Result(Warp w, Operation* o)
    {
        BlockBarrier barrier = w.Block.Barriers[((uint*)(w.Registers + o->A))[Warp.First(w.Mask)]];
        (int holding, int lanes) = barrier.Results[(barrier.Phase - 1) & 1];
        switch ((string)w.Program.Objects[o->Object])
        {
            case "popc":
                Lanes.Fill32(w.Registers + o->D, (uint)holding, w.Mask);
                break;
            case "and":
                Lanes.StorePredicate(w.Registers + o->D, holding == lanes ? Lanes.All : 0, w.Mask);
                break;
            default:
                Lanes.StorePredicate(w.Registers + o->D, holding > 0 ? Lanes.All : 0, w.Mask);
                break;
        }

        return o + 1;
    }

    private static uint Uniform(Warp w, Operation* o, int column, string what)
    {
        var values = (uint*)(w.Registers + column);
        uint first = values[Warp.First(w.Mask)];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            if (values[Warp.First(left)] != first)
            {
                throw w.Fault(FindingKind.Barrier, o, Warp.First(left), $"{what} is not the same in all lanes");
            }
        }

        return first;
    }

    private static string Words(int expected) => expected == BlockBarrier.Everyone ? "every thread" : $"{expected * Lanes.Count} threads";
}
