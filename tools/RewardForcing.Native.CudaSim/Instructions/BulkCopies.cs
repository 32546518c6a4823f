using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>cp.async.bulk</c> and <c>cp.reduce.async.bulk</c>, with and without tensor maps. A copy happens when somebody waits for it, as late as the device may
/// do it; until then its target is pending.
/// </summary>
internal static unsafe class BulkCopies
{
    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType U16 = new(PtxKind.Unsigned, 2);

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("async");
        m.Take("bulk");
        if (m.Take("commit_group"))
        {
            l.Add(&Commit);
            return;
        }

        if (m.Take("wait_group"))
        {
            m.Take("read");
            l.Add(&Wait).Immediate = (long)Lowering.Number(i.Operands[0], U32);
            return;
        }

        if (m.Take("prefetch"))
        {
            Branches.Nothing(l, i, m);
            return;
        }

        bool reduces = m.Take("reduce"), tensor = m.Take("tensor");
        int rank = tensor ? (m.OneOf("1d", "2d", "3d", "4d", "5d") ?? throw new UnknownFormException("its number of dimensions is missing"))[0] - '0' : 0;
        m.Take("tile");
        string? from = null, to = m.First(IsSpace);
        from = m.First(IsSpace) ?? throw new UnknownFormException("its spaces are missing");
        bool toShared = to!.StartsWith("shared"), fromShared = from.StartsWith("shared");
        bool counts = m.Take("mbarrier::complete_tx::bytes"), multicast = m.Take("multicast::cluster");
        m.Take("bulk_group");
        bool hinted = m.Take("L2::cache_hint");
        string? reduction = reduces ? m.OneOf("add", "min", "max", "inc", "dec", "and", "or", "xor") ?? throw new UnknownFormException("its operation is missing") : null;
        m.Take("noftz");
        PtxType element = reduces && !tensor ? m.Type() : default;
        if (toShared != counts || (reduces && toShared) || (multicast && !toShared))
        {
            throw new UnknownFormException("this kind of bulk copy");
        }

        Emit(l, i, new Shape(rank, toShared, fromShared, multicast, hinted, reduction, element));
    }

    private readonly record struct Shape(int Rank, bool ToShared, bool FromShared, bool Multicast, bool Hinted, string? Reduction, PtxType Element);

    private static bool IsSpace(string word) => word is "global" or "shared::cta" or "shared::cluster";

    private static void Emit(Lowering l, PtxInstruction i, in Shape shape)
    {
        IReadOnlyList<PtxOperand> operands = i.Operands;
        PtxOperand map = shape.ToShared ? operands[1] : operands[0];
        int[] coordinates = [];
        if (shape.Rank > 0)
        {
            IReadOnlyList<PtxOperand> elements = map.Elements.Count == 1 ? map.Elements[0].Elements : [];
            coordinates = elements.Count == shape.Rank ? [.. elements.Select(element => l.Source(element, U32))] : throw new UnknownFormException($"{shape.Rank} coordinates are expected in {map.Text}");
        }

        int rest = 2;
        int size = shape.Rank > 0 ? BulkPlan.None : l.Source(operands[rest++], U32);
        (int, bool, long) barrier = shape.ToShared ? MemoryAddress.Lower(l, operands[rest++], true) : default;
        int mask = shape.Multicast ? l.Source(operands[rest++], U16) : BulkPlan.None;
        if (rest + (shape.Hinted ? 1 : 0) != operands.Count)
        {
            throw new UnknownFormException("its number of operands");
        }

        int number = l.AddObject(new BulkPlan
        {
            IsTensor = shape.Rank > 0,
            ToShared = shape.ToShared,
            FromShared = shape.FromShared,
            Reduction = shape.Reduction,
            Element = shape.Element,
            Target = MemoryAddress.Lower(l, operands[0], shape.ToShared),
            Source = MemoryAddress.Lower(l, operands[1], shape.FromShared),
            Barrier = barrier,
            Coordinates = coordinates,
            Size = size,
            Mask = mask,
        });
        l.Add(shape.ToShared ? &Load : &Store).Object = number;
    }

    private static Operation* Commit(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            w.BulkGroupsOf(Warp.First(left)).Commit();
        }

        return o + 1;
    }

    private static Operation* Wait(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            foreach (BulkCopy copy in w.BulkGroupsOf(Warp.First(left)).TakeAllBut((int)o->Immediate))
            {
                copy.Complete();
                w.Block.Worker.Unfinished.Remove(copy);
                if (w.Checker is not null)
                {
                    SharedShadow shadow = w.Block.Shadow!;
                    shadow.Clocks.See(shadow.AgentOf(w), shadow.CopyUnit(w.Block), copy.Moment);
                }
            }
        }

        w.Block.Worker.Progress++;
        return o + 1;
    }

    private static Operation* Load(Warp w, Operation* o)
    {
        var plan = (BulkPlan)w.Program.Objects[o->Object];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            BulkTransfer transfer = plan.IsTensor ? BulkTransfer.OfTensor(w, o, plan, plan.Source, lane) : BulkTransfer.OfBytes(w, o, plan, lane);
            (Block owner, uint target) = MemoryAddress.Owner(w, o, BulkPlan.Address(w, plan.Target, lane), lane);
            (Block barrierOwner, uint barrier) = MemoryAddress.Owner(w, o, BulkPlan.Address(w, plan.Barrier, lane), lane);
            if (plan.Mask == BulkPlan.None)
            {
                Start(w, o, lane, transfer, owner, target, barrierOwner, barrier);
                continue;
            }

            int first = Array.IndexOf(w.Block.Group, w.Block) - w.Block.Rank;
            for (uint ranks = Lanes.Get<uint>(w.Registers + plan.Mask, lane); ranks != 0; ranks &= ranks - 1)
            {
                int rank = Warp.First(ranks);
                Block each = rank < w.Block.Grid.Cluster.Count ? w.Block.Group[first + rank]
                    : throw w.Fault(FindingKind.TensorMap, o, lane, $"a copy goes to block {rank} of a cluster of {w.Block.Grid.Cluster.Count}");
                Start(w, o, lane, transfer, each, target, each, barrier);
            }
        }

        return o + 1;
    }

    private static void Start(Warp w, Operation* o, int lane, BulkTransfer transfer, Block owner, uint target, Block barrierOwner, uint barrier)
    {
        transfer.CheckShared(w, o, lane, owner, target, "target");
        MemoryBarriers.CheckPublished(w, o, lane, barrierOwner, barrier);
        int moment = 0;
        if (w.Checker is not null)
        {
            SharedShadow shadow = owner.Shadow!;
            moment = shadow.Clocks.Tick(shadow.CopyUnit(owner));
            Party unit = shadow.PartyOf(w, shadow.CopyUnit(owner), moment);
            transfer.ForEachShared(target, (address, bytes) => shadow.Access(w.Checker, w, o, lane, address, bytes, AccessKind.CopyStarted, unit));
        }

        w.Block.Worker.Unfinished.Add(new BulkCopy(() =>
        {
            transfer.ToShared(w, o, lane, owner, target);
            if (w.Checker is not null)
            {
                SharedShadow shadow = owner.Shadow!;
                Party unit = shadow.PartyOf(w, shadow.CopyUnit(owner), moment);
                transfer.ForEachShared(target, (address, bytes) => shadow.Access(w.Checker, w, o, lane, address, bytes, AccessKind.CopyDone, unit));
            }

            MemoryBarriers.Bring(w, o, lane, barrierOwner, barrier, transfer.Bytes, moment);
        })
        { Owner = barrierOwner, Barrier = barrier, Moment = moment });
    }

    private static Operation* Store(Warp w, Operation* o)
    {
        var plan = (BulkPlan)w.Program.Objects[o->Object];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            BulkTransfer transfer = plan.IsTensor ? BulkTransfer.OfTensor(w, o, plan, plan.Target, lane) : BulkTransfer.OfBytes(w, o, plan, lane);
            var source = (uint)BulkPlan.Address(w, plan.Source, lane);
            transfer.CheckShared(w, o, lane, w.Block, source, "source");
            int moment = 0;
            if (w.Checker is not null)
            {
                SharedShadow shadow = w.Block.Shadow!;
                moment = shadow.Clocks.Tick(shadow.CopyUnit(w.Block));
                Party unit = shadow.PartyOf(w, shadow.CopyUnit(w.Block), moment);
                transfer.ForEachShared(source, (address, bytes) => shadow.Access(w.Checker, w, o, lane, address, bytes, AccessKind.Read, unit));
            }

            var copy = new BulkCopy(() => transfer.FromShared(w, o, lane, source)) { Source = w.Block, Moment = moment, Description = w.Program.Where(o) };
            w.BulkGroupsOf(lane).Add(copy);
            w.Block.Worker.Unfinished.Add(copy);
        }

        return o + 1;
    }
}
