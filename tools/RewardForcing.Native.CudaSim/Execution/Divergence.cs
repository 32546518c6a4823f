using System.Numerics;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// Control flow. Of all groups of lanes in a warp, the one at the lowest place in the code runs, and groups that meet are joined: compilers lay
/// blocks out so that this rejoins lanes as early as possible, and it needs no analysis.
/// </summary>
internal static unsafe class Divergence
{
    /// <summary>Start of a basic block: the only place where lanes are exchanged and other warps get their turn.</summary>
    public static Operation* EnterBlock(Warp w, Operation* o)
    {
        if (--w.Fuel < 0)
        {
            w.Next = o;
            w.StoppedAt = o;
            return null;
        }

        if (w.SplitCount > 0)
        {
            w.Join(o);
            Operation* lowest = w.LowestRunnable(out int index);
            if (lowest != null && lowest < o)
            {
                uint mask = w.Active;
                Operation* next = w.Take(index);
                w.SetAside(o, mask);
                return next;
            }
        }

        w.Block.BlockRuns[o->Block]++;
        w.Block.BlockLanes[o->Block] += (ulong)BitOperations.PopCount(w.Active);
        return o + 1;
    }

    /// <summary>A branch all lanes take.</summary>
    public static Operation* Branch(Warp w, Operation* o) => o->Target;

    /// <summary>A branch that lanes take where the guard holds.</summary>
    public static Operation* BranchIf(Warp w, Operation* o)
    {
        uint taken = w.Active & (*(uint*)(w.Registers + o->Guard) ^ o->GuardFlip);
        if (taken == w.Active)
        {
            return o->Target;
        }

        if (taken == 0)
        {
            return o + 1;
        }

        uint fallen = w.Active & ~taken;
        if (o->Target < o)
        {
            w.SetAside(o + 1, fallen);
            w.Active = w.Mask = taken;
            return o->Target;
        }

        w.SetAside(o->Target, taken);
        w.Active = w.Mask = fallen;
        return o + 1;
    }

    /// <summary>A branch through a table.</summary>
    public static Operation* BranchTable(Warp w, Operation* o)
    {
        var table = (nint[])w.Program.Objects[o->Object];
        uint left = w.Mask;
        while (left != 0)
        {
            int lane = Warp.First(left);
            uint index = Lanes.Get<uint>(w.Registers + o->A, lane);
            if (index >= table.Length)
            {
                throw w.Fault(FindingKind.InvalidBranch, o, lane, $"brx.idx {index} of a table of {table.Length}");
            }

            uint same = 0;
            for (int other = lane; other < Lanes.Count; other++)
            {
                same |= (left >> other & 1) != 0 && Lanes.Get<uint>(w.Registers + o->A, other) == index ? 1u << other : 0;
            }

            left &= ~same;
            w.SetAside((Operation*)table[index], same);
        }

        if (w.Active != w.Mask)
        {
            w.SetAside(o + 1, w.Active & ~w.Mask); // the guard did not hold
        }

        w.LowestRunnable(out int best);
        return w.Take(best);
    }

    /// <summary>Lanes leave the kernel.</summary>
    public static Operation* Exit(Warp w, Operation* o)
    {
        w.Exited |= w.Mask;
        w.WakeWaiting();
        uint left = w.Active & ~w.Exited;
        if (left != 0)
        {
            w.Active = w.Mask = left;
            return o + 1;
        }

        return Other(w, o);
    }

    /// <summary>The running lanes wait at a collective for others of their warp; the others run.</summary>
    /// <param name="w">The warp.</param>
    /// <param name="o">The collective, which begins a block.</param>
    /// <param name="awaited">Lanes that must come here.</param>
    public static Operation* Await(Warp w, Operation* o, uint awaited)
    {
        w.Block.BlockRuns[o->Block]--;
        w.Block.BlockLanes[o->Block] -= (ulong)BitOperations.PopCount(w.Active);
        w.SetAside(o->Target, w.Active, awaited);
        return Other(w, o);
    }

    /// <summary>The running lanes were told to wait by memory; other lanes, then other warps, run first.</summary>
    public static Operation* Poll(Warp w, Operation* o)
    {
        w.SetAside(o + 1, w.Active, polled: true);
        return Other(w, o);
    }

    /// <summary>Narrows the lanes to those where the guard holds.</summary>
    public static Operation* Guarded(Warp w, Operation* o)
    {
        uint mask = w.Active & (*(uint*)(w.Registers + o->Guard) ^ o->GuardFlip);
        if (mask == 0)
        {
            return o + 1;
        }

        w.Mask = mask;
        Operation* next = o->Guarded(w, o);
        w.Mask = w.Active;
        return next;
    }

    private static Operation* Other(Warp w, Operation* o)
    {
        if (w.LowestRunnable(out int index) != null)
        {
            return w.Take(index);
        }

        if (w.WakePolled())
        {
            // Nobody in this warp can run: it stops, and begins with the lowest that asked.
            w.LowestRunnable(out index);
            w.Next = w.Take(index);
            w.State = WarpState.Polling;
            w.StoppedAt = o;
            return null;
        }

        if (w.SplitCount > 0)
        {
            throw NeverMeet(w, o);
        }

        w.State = WarpState.Done;
        return null;
    }

    private static DeviceFault NeverMeet(Warp w, Operation* o)
    {
        Split first = w.Splits[0];
        foreach (Split split in w.Splits)
        {
            first = split.Next < first.Next ? split : first;
        }

        Operation* at = w.Program.Collective(first.Next);
        string others = string.Join("; ", w.Splits.ToArray().Where(split => split.Mask != first.Mask)
            .Select(split => $"lanes {split.Mask:x8} wait at {w.Program.Where(w.Program.Collective(split.Next))}"));
        uint gone = first.Awaited & w.Exited;
        return w.Fault(
            FindingKind.Divergence,
            at,
            Warp.First(first.Mask),
            $"lanes {first.Mask:x8} wait for lanes {first.Awaited & ~first.Mask:x8}, which never come" + (others.Length > 0 ? ": " + others : "") +
            (gone != 0 ? $" (lanes {gone:x8} have left the kernel)" : ""));
    }
}
