using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Addresses of memory instructions: computed for all lanes, checked, and turned into the host's.</summary>
internal static unsafe class MemoryAddress
{
    /// <summary>Sets the address of a step: register A, its width in the low bit of <see cref="Operation.Mode"/>, and the offset.</summary>
    public static (int Column, bool Wide, long Offset) Lower(Lowering l, PtxOperand address, bool narrow)
    {
        PtxOperand place = address.Base!;
        bool wide = place.Kind == PtxOperandKind.Register ? place.Register!.Type.Width == 8 : !narrow;
        return (l.Source(place, new PtxType(PtxKind.Bits, wide ? 8 : 4)), wide, address.Offset - (place.Kind == PtxOperandKind.Variable ? place.Offset : 0));
    }

    /// <summary>Addresses of all lanes.</summary>
    public static ulong* Compute(Warp w, int column, bool wide, long offset)
    {
        ulong* addresses = w.Addresses;
        if (wide)
        {
            Vector512<ulong> add = Vector512.Create((ulong)offset);
            for (int part = 0; part < 4; part++)
            {
                (Lanes.Load<ulong>(w.Registers + column, part) + add).Store(addresses + (8 * part));
            }
        }
        else
        {
            Vector512<uint> add = Vector512.Create((uint)offset);
            for (int part = 0; part < 2; part++)
            {
                (Vector512<ulong> low, Vector512<ulong> high) = Vector512.Widen(Lanes.Load<uint>(w.Registers + column, part) + add);
                low.Store(addresses + (16 * part));
                high.Store(addresses + (16 * part) + 8);
            }
        }

        return addresses;
    }

    /// <summary>Whether the lanes' accesses follow each other without a gap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool FollowEachOther(ulong* addresses, int bytes)
    {
        Vector512<ulong> expected = Vector512.Create(addresses[0]) + (Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7) * (ulong)bytes);
        Vector512<ulong> step = Vector512.Create(8 * (ulong)bytes);
        return Vector512.EqualsAll(Vector512.Load(addresses), expected) && Vector512.EqualsAll(Vector512.Load(addresses + 8), expected + step) &&
            Vector512.EqualsAll(Vector512.Load(addresses + 16), expected + step + step) && Vector512.EqualsAll(Vector512.Load(addresses + 24), expected + step + step + step);
    }

    /// <summary>Host address of a lane's access to global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Global(Warp w, Operation* o, ulong address, int bytes, int lane)
    {
        SeenAllocation* seen = w.Block.Worker.Seen + o->Object;
        if (address < seen->Low || address + (ulong)bytes > seen->High)
        {
            Look(w, o, seen, address, bytes, lane);
        }

        if ((address & (ulong)(bytes - 1)) != 0)
        {
            throw Misaligned(w, o, address, bytes, lane);
        }

        return (byte*)(address + seen->Delta);
    }

    /// <summary>Host address of a range that all lanes use together, or null if it is not within one allocation.</summary>
    public static byte* GlobalRange(Warp w, Operation* o, ulong address, int bytes, int unit)
    {
        SeenAllocation* seen = w.Block.Worker.Seen + o->Object;
        return address >= seen->Low && address + (ulong)bytes <= seen->High && (address & (ulong)(unit - 1)) == 0 ? (byte*)(address + seen->Delta) : null;
    }

    /// <summary>Host address of a lane's access to shared memory, of the own block or of one of the cluster.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Shared(Warp w, Operation* o, ulong address, int bytes, int lane)
    {
        Block block = w.Block;
        if (address >= MemoryMap.SharedStart && address + (ulong)bytes <= (ulong)block.SharedEnd && (address & (ulong)(bytes - 1)) == 0)
        {
            return block.Shared + address;
        }

        return Remote(w, o, address, bytes, lane);
    }

    /// <summary>Block that a shared address belongs to, and the address within it.</summary>
    public static (Block Owner, uint Within) Owner(Warp w, Operation* o, ulong address, int lane)
    {
        var rank = (int)(address >> MemoryMap.RankShift);
        if (rank == 0)
        {
            return (w.Block, (uint)address);
        }

        Block[] group = w.Block.Group;
        int first = Array.IndexOf(group, w.Block) - w.Block.Rank;
        if (address >> 32 != 0 || rank > w.Block.Grid.Cluster.Count)
        {
            throw w.Fault(FindingKind.OutOfBounds, o, lane, $"0x{address:x} is no address of shared memory");
        }

        Block owner = group[first + rank - 1];
        if (owner.LiveWarps == 0 && owner != w.Block)
        {
            throw w.Fault(FindingKind.UseAfterFree, o, lane, $"shared memory of block {owner.Index}, which has ended, is used");
        }

        return (owner, (uint)(address & ((1u << MemoryMap.RankShift) - 1)));
    }

    /// <summary>Host address of a lane's own memory.</summary>
    public static byte* Local(Warp w, Operation* o, ulong address, int bytes, int lane)
    {
        if (address + (ulong)bytes > (ulong)w.LocalBytes || address > (ulong)w.LocalBytes)
        {
            throw w.Fault(FindingKind.OutOfBounds, o, lane, $"{bytes} bytes at 0x{address:x} of the thread's own memory of {w.LocalBytes} bytes");
        }

        return (address & (ulong)(bytes - 1)) != 0 ? throw Misaligned(w, o, address, bytes, lane) : w.Local + ((long)lane * w.LocalBytes) + address;
    }

    /// <summary>Host address of an argument.</summary>
    public static byte* Argument(Warp w, Operation* o, ulong offset, int bytes, int lane)
    {
        if (offset + (ulong)bytes > (ulong)w.Block.Grid.Arguments.Length)
        {
            throw w.Fault(FindingKind.OutOfBounds, o, lane, $"{bytes} bytes at 0x{offset:x} of {w.Block.Grid.Arguments.Length} bytes of arguments");
        }

        return w.Block.Worker.Arguments + offset;
    }

    private static byte* Remote(Warp w, Operation* o, ulong address, int bytes, int lane)
    {
        (Block owner, uint within) = Owner(w, o, address, lane);
        if ((within & (uint)(bytes - 1)) != 0)
        {
            throw Misaligned(w, o, address, bytes, lane);
        }

        if (within < MemoryMap.SharedStart || within + (ulong)bytes > (ulong)owner.SharedEnd)
        {
            throw w.Fault(FindingKind.OutOfBounds, o, lane,
                $"{bytes} bytes at shared address 0x{within:x}; the block's shared memory of {owner.Grid.SharedBytes} bytes begins at 0x{MemoryMap.SharedStart:x}");
        }

        return owner.Shared + within;
    }

    private static void Look(Warp w, Operation* o, SeenAllocation* seen, ulong address, int bytes, int lane)
    {
        DeviceMemory memory = w.Block.Grid.Memory;
        Allocation? found = MemoryMap.SpaceOf(address) == PtxSpace.Global ? memory.Find(address) : throw w.Fault(
            FindingKind.WrongSpace, o, lane, $"0x{address:x} is an address of {MemoryMap.SpaceOf(address)} memory, and the access is to global memory");
        if (found is null || found.IsFreed || address + (ulong)bytes > found.End)
        {
            throw w.Fault(DeviceMemory.KindOf(found), o, lane, memory.Describe(address, (ulong)bytes));
        }

        (seen->Low, seen->High, seen->Delta) = (found.Address, found.End, (ulong)found.Host - found.Address);
    }

    private static DeviceFault Misaligned(Warp w, Operation* o, ulong address, int bytes, int lane) =>
        w.Fault(FindingKind.Misaligned, o, lane, $"{bytes} bytes at 0x{address:x}, which is not a multiple of {bytes}");
}
