using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>mbarrier</c>: barriers in shared memory that count arrivals and bytes of copies (PTX ISA, "Parallel Synchronization: mbarrier"). Address A, count or
/// bytes or parity B, further count C, result D.
/// </summary>
internal static unsafe class MemoryBarriers
{
    private const int Bytes = 8;
    private const int Drops = 1;
    private const int Expects = 2;
    private const int Arrives = 4;
    private const int Parity = 1;

    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType B64 = new(PtxKind.Bits, 8);
    private static readonly PtxType Predicate = new(PtxKind.Predicate, 0);

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        string kind = m.OneOf("init", "inval", "arrive", "arrive_drop", "expect_tx", "complete_tx", "test_wait", "try_wait", "pending_count")
            ?? throw new UnknownFormException("its kind is missing");
        m.OneOf("release", "acquire", "relaxed");
        m.OneOf("cta", "cluster");
        m.OneOf("shared", "shared::cta", "shared::cluster");
        m.Take("b64");
        switch (kind)
        {
            case "init":
                Emit(l, i.Operands[0], &Initialise, l.Source(i.Operands[1], U32));
                break;
            case "inval":
                Emit(l, i.Operands[0], &Invalidate, 0);
                break;
            case "expect_tx" or "complete_tx":
                int amount = l.Source(i.Operands[1], U32);
                ref Operation count = ref Emit(l, i.Operands[0], kind == "expect_tx" ? &Arrive : &CompleteBytes, amount);
                count.Mode |= Expects << 1;
                break;
            case "pending_count":
                LaneMaps.Add(l, U32, i.Operands[0], B64, i.Operands[1], bits => MemoryBarrier.TryRead(bits, out MemoryBarrier barrier) ? (ulong)barrier.Missing : 0);
                break;
            case "test_wait" or "try_wait":
                LowerWait(l, i, m);
                break;
            default:
                LowerArrive(l, i, m, kind == "arrive_drop" ? Drops | Arrives : Arrives);
                break;
        }
    }

    /// <summary>Bytes that a copy brought: they are no longer missing.</summary>
    public static void Bring(Warp w, Operation* o, int lane, Block owner, uint address, int bytes, int moment)
    {
        MemoryBarrier barrier = At(w, o, lane, owner, address);
        barrier.Bytes -= bytes;
        if (w.Checker is not null)
        {
            SharedShadow shadow = owner.Shadow!;
            shadow.Clocks.ReleaseMoment(shadow.CopyUnit(owner), moment, ref OrderOf(w, o, lane, owner, address).Arriving);
        }

        Update(w, o, lane, owner, address, barrier);
    }

    /// <summary>Checks that a barrier may be given to a copy.</summary>
    public static void CheckPublished(Warp w, Operation* o, int lane, Block owner, uint address)
    {
        At(w, o, lane, owner, address);
        if (w.Checker is not null && !OrderOf(w, o, lane, owner, address).IsPublished)
        {
            owner.Shadow!.Access(w.Checker, w, o, lane, address, Bytes, AccessKind.Looked, owner.Shadow.PartyOf(w, owner.Shadow.CopyUnit(owner), 0));
        }
    }

    private static void LowerArrive(Lowering l, PtxInstruction i, Modifiers m, int mode)
    {
        bool expects = m.Take("expect_tx");
        if (m.Take("noComplete"))
        {
            throw new UnknownFormException(".noComplete");
        }

        int count = i.Operands.Count > 2 ? l.Source(i.Operands[2], U32) : l.Constant(1, 4);
        bool returns = i.Operands[0].Kind != PtxOperandKind.Sink;
        int result = returns ? l.Target(i.Operands[0], B64) : 0;
        ref Operation o = ref Emit(l, i.Operands[1], &Arrive, count);
        o.Mode |= (mode | (expects ? Expects : 0)) << 1;
        (o.D, o.Count) = (result, returns ? 1 : 0);
    }

    private static void LowerWait(Lowering l, PtxInstruction i, Modifiers m)
    {
        bool parity = m.Take("parity");
        int phase = l.Source(i.Operands[2], parity ? U32 : B64), result = l.Target(i.Operands[0], Predicate);
        ref Operation o = ref Emit(l, i.Operands[1], &Wait, phase);
        o.Mode |= (parity ? Parity : 0) << 1;
        o.D = result;
    }

    // The low bit of Mode tells whether the address is wide.
    private static ref Operation Emit(Lowering l, PtxOperand address, delegate*<Warp, Operation*, Operation*> run, int b)
    {
        (int column, bool wide, long offset) = MemoryAddress.Lower(l, address, true);
        ref Operation o = ref l.Add(run, 0, column, b);
        (o.Mode, o.Immediate) = (wide ? 1 : 0, offset);
        return ref o;
    }

    private static (Block Owner, uint Address) Place(Warp w, Operation* o, int lane)
    {
        ulong address = (ulong)o->Immediate + ((o->Mode & 1) != 0 ? Lanes.Get<ulong>(w.Registers + o->A, lane) : Lanes.Get<uint>(w.Registers + o->A, lane));
        address -= MemoryMap.SpaceOf(address) == PtxSpace.Shared ? MemoryMap.SharedWindow : 0;
        MemoryAddress.Shared(w, o, address, Bytes, lane);
        return MemoryAddress.Owner(w, o, address, lane);
    }

    private static MemoryBarrier At(Warp w, Operation* o, int lane, Block owner, uint address) =>
        MemoryBarrier.TryRead(*(ulong*)(owner.Shared + address), out MemoryBarrier barrier)
            ? barrier
            : throw w.Fault(FindingKind.Barrier, o, lane, $"there is no mbarrier at shared address 0x{address:x}: it was not initialised, or was overwritten");

    private static BarrierOrder OrderOf(Warp w, Operation* o, int lane, Block owner, uint address) => owner.BarrierOrders.TryGetValue(address, out BarrierOrder? order)
        ? order
        : throw w.Fault(FindingKind.Barrier, o, lane, $"the mbarrier at shared address 0x{address:x} was not made by mbarrier.init");

    private static void Update(Warp w, Operation* o, int lane, Block owner, uint address, MemoryBarrier barrier)
    {
        if (!barrier.IsInRange)
        {
            throw w.Fault(FindingKind.Barrier, o, lane, $"the mbarrier at shared address 0x{address:x} expects {barrier.Bytes} bytes, more than it can count");
        }

        if (barrier.IsComplete)
        {
            barrier.Advance();
            w.Block.Worker.Progress++;
            if (w.Checker is not null)
            {
                OrderOf(w, o, lane, owner, address).Advance();
            }
        }

        *(ulong*)(owner.Shared + address) = barrier.Bits;
    }

    private static Operation* Initialise(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            (Block owner, uint address) = Place(w, o, lane);
            uint count = Lanes.Get<uint>(w.Registers + o->B, lane);
            if (count is 0 or > MemoryBarrier.MostArrivals)
            {
                throw w.Fault(FindingKind.Barrier, o, lane, $"an mbarrier expects 1 to {MemoryBarrier.MostArrivals} arrivals, not {count}");
            }

            if (w.Checker is not null)
            {
                w.Checker.Remote(w, o, lane, owner, address, Bytes, AccessKind.Write);
                owner.BarrierOrders[address] = new BarrierOrder { Maker = w.Index };
            }

            *(ulong*)(owner.Shared + address) = new MemoryBarrier { Expected = (int)count, Missing = (int)count }.Bits;
        }

        return o + 1;
    }

    private static Operation* Invalidate(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            (Block owner, uint address) = Place(w, o, lane);
            At(w, o, lane, owner, address);
            w.Checker?.Remote(w, o, lane, owner, address, Bytes, AccessKind.Write);
            *(ulong*)(owner.Shared + address) = 0;
            owner.BarrierOrders.Remove(address);
        }

        return o + 1;
    }

    private static Operation* CompleteBytes(Warp w, Operation* o)
    {
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            (Block owner, uint address) = Place(w, o, lane);
            MemoryBarrier barrier = At(w, o, lane, owner, address);
            barrier.Bytes -= (int)Lanes.Get<uint>(w.Registers + o->B, lane);
            Update(w, o, lane, owner, address, barrier);
        }

        return o + 1;
    }

    private static Operation* Arrive(Warp w, Operation* o)
    {
        int mode = o->Mode >> 1;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            (Block owner, uint address) = Place(w, o, lane);
            MemoryBarrier barrier = At(w, o, lane, owner, address);
            w.Checker?.Remote(w, o, lane, owner, address, Bytes, AccessKind.StrongRead);
            if (o->Count != 0)
            {
                LaneMaps.Set(w.Registers + o->D, 8, lane, barrier.Bits);
            }

            int amount = (int)Lanes.Get<uint>(w.Registers + o->B, lane);
            barrier.Bytes += (mode & Expects) != 0 ? amount : 0;
            int arrivals = (mode & Arrives) == 0 ? 0 : (mode & Expects) != 0 ? 1 : amount;
            if (arrivals > barrier.Missing)
            {
                throw w.Fault(FindingKind.Barrier, o, lane,
                    $"{arrivals} more arrivals at the mbarrier at shared address 0x{address:x}, where {barrier.Missing} of {barrier.Expected} are missing in this phase");
            }

            barrier.Missing -= arrivals;
            barrier.Expected -= (mode & Drops) != 0 ? arrivals : 0;
            if (arrivals > 0 && w.Checker is not null)
            {
                owner.Shadow!.Release(w, ref OrderOf(w, o, lane, owner, address).Arriving);
            }

            Update(w, o, lane, owner, address, barrier);
        }

        return o + 1;
    }

    // A wait that does not hold lets the copies happen that it waits for, and then other warps.
    private static Operation* Wait(Warp w, Operation* o)
    {
        uint done = 0;
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            (Block owner, uint address) = Place(w, o, lane);
            At(w, o, lane, owner, address);
            w.Checker?.Remote(w, o, lane, owner, address, Bytes, AccessKind.StrongRead);
            bool holds = Holds(w, o, lane, owner, address);
            while (!holds && !(w.Block.Grid.Options.Shuffle && (w.Random() & 3) == 0) && w.Block.Worker.FinishFor(owner, address))
            {
                holds = Holds(w, o, lane, owner, address);
            }

            if (holds)
            {
                done |= 1u << lane;
                if (w.Checker is not null && OrderOf(w, o, lane, owner, address).Completed is int[] clock)
                {
                    owner.Shadow!.Acquire(w, clock);
                }
            }
        }

        Lanes.StorePredicate(w.Registers + o->D, done, w.Mask);
        return done == w.Mask ? o + 1 : Divergence.Poll(w, o);
    }

    private static bool Holds(Warp w, Operation* o, int lane, Block owner, uint address)
    {
        uint phase = At(w, o, lane, owner, address).Phase;
        if ((o->Mode >> 1 & Parity) != 0)
        {
            return phase != (Lanes.Get<uint>(w.Registers + o->B, lane) & 1);
        }

        return MemoryBarrier.TryRead(Lanes.Get<ulong>(w.Registers + o->B, lane), out MemoryBarrier token)
            ? token.Phase != phase
            : throw w.Fault(FindingKind.Barrier, o, lane, "the state waited for is none that an arrival returned");
    }
}
