using System.Numerics;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Blocks of a cluster: their barrier, addresses of each other's shared memory, and what else came with sm_90.</summary>
internal static unsafe class Clusters
{
    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType B32 = new(PtxKind.Bits, 4);
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);

    /// <summary>barrier.cluster.arrive and .wait.</summary>
    public static void LowerBarrier(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool arrives = m.OneOf("arrive", "wait") == "arrive";
        bool relaxed = m.OneOf("release", "acquire", "relaxed") == "relaxed";
        m.Take("aligned");
        l.Add(arrives ? &Arrive : &Wait).Mode = relaxed ? 1 : 0;
    }

    /// <summary>mapa: the address of the same place in another block of the cluster.</summary>
    public static void MapAddress(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.OneOf("shared::cluster", "shared");
        PtxType t = m.Type();
        if (t.Bytes != 4)
        {
            throw new UnknownFormException("generic addresses");
        }

        LaneMaps.Add(l, t, i.Operands[0], t, i.Operands[1], U32, i.Operands[2], (address, rank) =>
            (address & ((1u << MemoryMap.RankShift) - 1)) | ((rank + 1) << MemoryMap.RankShift));
    }

    /// <summary>getctarank: which block of the cluster an address belongs to.</summary>
    public static void RankOf(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.OneOf("shared::cluster", "shared");
        m.Type();
        int a = l.Source(i.Operands[1], B32);
        l.Add(&RunRank, l.Target(i.Operands[0], U32), a);
    }

    /// <summary>elect.sync: one lane, the lowest of the members.</summary>
    public static void Elect(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("sync");
        PtxOperand target = i.Operands[0];
        int members = l.Source(i.Operands[1], B32);
        int lane = target.Kind == PtxOperandKind.Sink ? l.Temporary(4) : l.Target(new PtxOperand { Kind = target.Kind, Text = target.Text, Register = target.Register }, B32);
        int elected = l.Target(target.Pair ?? throw new UnknownFormException("its predicate is missing"), Predicate);
        ref Operation o = ref l.Add(&RunElect, lane);
        (o.E, o.F) = (elected, members);
    }

    /// <summary>setmaxnreg: registers move between warpgroups; here only its rules are checked.</summary>
    public static void SetRegisters(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.OneOf("inc", "dec");
        m.Take("sync");
        m.Take("aligned");
        m.Type();
        ulong count = Lowering.Number(i.Operands[0], U32);
        if (count is < 24 or > 256 || count % 8 != 0)
        {
            throw new UnknownFormException($"{count} registers; 24 to 256 in steps of 8 are possible");
        }

        l.Add(&RunWhole);
    }

    private static Operation* RunWhole(Warp w, Operation* o)
    {
        MatrixLoads.WholeWarp(w, o);
        return o + 1;
    }

    private static Operation* Arrive(Warp w, Operation* o)
    {
        if (!WarpCollectives.GatherLanes(w, o, w.Live, out Operation* instead))
        {
            return instead;
        }

        ClusterBarrier barrier = w.Block.Cluster;
        if (w.ClusterPhase != barrier.Phase)
        {
            throw w.Fault(FindingKind.Barrier, o, Warp.First(w.Mask), "barrier.cluster.arrive a second time without barrier.cluster.wait between");
        }

        w.ClusterPhase = barrier.Phase + 1;
        barrier.Arrived++;
        if (o->Mode == 0)
        {
            w.Checker?.Arrive(w, ref barrier.Arriving);
        }

        w.Block.Worker.Progress++;
        barrier.TryAdvance(w.Block.ClusterBlocks);
        return o + 1;
    }

    private static Operation* Wait(Warp w, Operation* o)
    {
        if (!WarpCollectives.GatherLanes(w, o, w.Live, out Operation* instead))
        {
            return instead;
        }

        ClusterBarrier barrier = w.Block.Cluster;
        if (barrier.Phase < w.ClusterPhase)
        {
            // Asked again each round, from this very step.
            w.Next = o;
            w.StoppedAt = o;
            w.State = WarpState.Polling;
            return null;
        }

        if (w.Checker is not null && barrier.Completed is not null)
        {
            w.Block.Shadow!.Acquire(w, barrier.Completed);
        }

        return o + 1;
    }

    private static Operation* RunRank(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            uint rank = Lanes.Get<uint>(w.Registers + o->A, lane) >> MemoryMap.RankShift;
            Lanes.Set(w.Registers + o->D, lane, rank == 0 ? (uint)w.Block.Rank : rank - 1);
        }

        return o + 1;
    }

    private static Operation* RunElect(Warp w, Operation* o)
    {
        if (!WarpCollectives.Gather(w, o, o->F, out Operation* instead))
        {
            return instead;
        }

        uint members = Lanes.Get<uint>(w.Registers + o->F, Warp.First(w.Mask)) & w.Live;
        int elected = BitOperations.TrailingZeroCount(members);
        Lanes.Fill32(w.Registers + o->D, (uint)elected, w.Mask);
        Lanes.StorePredicate(w.Registers + o->E, 1u << elected, w.Mask);
        return o + 1;
    }
}
