using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>What one bulk copy moves: a box of a tensor, or bytes that follow each other.</summary>
internal sealed unsafe class BulkTransfer
{
    private readonly TensorBox? _box;
    private readonly ulong _global;
    private readonly int _elementBytes;
    private readonly Func<ulong, ulong, ulong, ulong>? _combine;

    private BulkTransfer(TensorBox? box, ulong global, int bytes, int elementBytes, Func<ulong, ulong, ulong, ulong>? combine) =>
        (_box, _global, Bytes, _elementBytes, _combine) = (box, global, bytes, elementBytes, combine);

    /// <summary>Bytes that it counts for.</summary>
    public int Bytes { get; }

    /// <summary>A copy by a tensor map, whose address is given.</summary>
    public static BulkTransfer OfTensor(Warp w, Operation* o, BulkPlan plan, (int Column, bool Wide, long Offset) place, int lane)
    {
        TensorMapCode map = ReadMap(w, o, BulkPlan.Address(w, place, lane), lane);
        if (map.Rank != plan.Coordinates.Length)
        {
            throw w.Fault(FindingKind.TensorMap, o, lane, $"{plan.Coordinates.Length} coordinates are given for a tensor map of {map.Rank} dimensions");
        }

        var box = new TensorBox(map, [.. plan.Coordinates.Select(column => (long)Lanes.Get<int>(w.Registers + column, lane))]);
        Func<ulong, ulong, ulong, ulong>? combine = plan.Reduction is null ? null : Atomics.Function(plan.Reduction, TypeOf((TensorMapElement)map.Element), false);
        return new BulkTransfer(box, 0, box.Bytes, map.ElementBytes, combine);
    }

    /// <summary>A copy of bytes that follow each other.</summary>
    public static BulkTransfer OfBytes(Warp w, Operation* o, BulkPlan plan, int lane)
    {
        var bytes = (int)Lanes.Get<uint>(w.Registers + plan.Size, lane);
        ulong global = plan.ToShared && plan.FromShared
            ? throw w.Fault(FindingKind.TensorMap, o, lane, "bulk copies from shared to shared memory are not executed")
            : BulkPlan.Address(w, plan.ToShared ? plan.Source : plan.Target, lane);
        if (bytes < 0 || bytes % 16 != 0 || global % 16 != 0)
        {
            throw w.Fault(FindingKind.Misaligned, o, lane, $"a bulk copy of {bytes} bytes at 0x{global:x}: both must be multiples of 16");
        }

        Func<ulong, ulong, ulong, ulong>? combine = plan.Reduction is null ? null : Atomics.Function(plan.Reduction, plan.Element, false);
        return new BulkTransfer(null, global, bytes, Math.Max(1, plan.Element.Bytes), combine);
    }

    /// <summary>Checks the place in shared memory.</summary>
    public void CheckShared(Warp w, Operation* o, int lane, Block owner, uint start, string what)
    {
        int alignment = _box?.Alignment ?? 16;
        if (start % alignment != 0)
        {
            throw w.Fault(FindingKind.Misaligned, o, lane, $"the {what} of a bulk copy at shared address 0x{start:x} is not a multiple of {alignment}");
        }

        long end = start + (_box is TensorBox box ? (long)box.Rows * box.Pitch : Bytes);
        if (start < MemoryMap.SharedStart || end > owner.SharedEnd)
        {
            throw w.Fault(FindingKind.OutOfBounds, o, lane,
                $"the {what} of a bulk copy, {end - start} bytes at shared address 0x{start:x}, is not within the block's {owner.Grid.SharedBytes} bytes from 0x{MemoryMap.SharedStart:x}");
        }
    }

    /// <summary>Visits the pieces of shared memory that are used.</summary>
    public void ForEachShared(uint start, Action<uint, int> visit)
    {
        if (_box is not TensorBox box)
        {
            for (int at = 0; at < Bytes; at += 16)
            {
                visit(start + (uint)at, 16);
            }

            return;
        }

        for (int row = 0; row < box.Rows; row++)
        {
            for (int chunk = 0; chunk < box.RowBytes / 16; chunk++)
            {
                visit(box.Chunk(start, row, chunk), 16);
            }
        }
    }

    /// <summary>Copies into shared memory; what is outside of the tensor becomes zeros.</summary>
    public void ToShared(Warp w, Operation* o, int lane, Block owner, uint start)
    {
        if (_box is not TensorBox box)
        {
            Buffer.MemoryCopy(Global(w, o, lane, _global, Bytes, AccessKind.Read), owner.Shared + start, Bytes, Bytes);
            return;
        }

        byte* row = stackalloc byte[box.RowBytes];
        for (int r = 0; r < box.Rows; r++)
        {
            (ulong address, int skipped, int count) = box.Row(r);
            new Span<byte>(row, box.RowBytes).Clear();
            if (count > 0)
            {
                byte* source = Global(w, o, lane, address, count * _elementBytes, AccessKind.Read);
                Buffer.MemoryCopy(source, row + (skipped * _elementBytes), box.RowBytes, count * _elementBytes);
            }

            for (int chunk = 0; chunk < box.RowBytes / 16; chunk++)
            {
                var to = (ulong*)(owner.Shared + box.Chunk(start, r, chunk));
                (to[0], to[1]) = (((ulong*)(row + (16 * chunk)))[0], ((ulong*)(row + (16 * chunk)))[1]);
            }
        }
    }

    /// <summary>Copies from shared memory; what is outside of the tensor is not written.</summary>
    public void FromShared(Warp w, Operation* o, int lane, uint start)
    {
        byte* shared = w.Block.Shared;
        if (_box is not TensorBox box)
        {
            Put(Global(w, o, lane, _global, Bytes, Kind), shared + start, Bytes);
            return;
        }

        byte* row = stackalloc byte[box.RowBytes];
        for (int r = 0; r < box.Rows; r++)
        {
            (ulong address, int skipped, int count) = box.Row(r);
            for (int chunk = 0; chunk < box.RowBytes / 16; chunk++)
            {
                var from = (ulong*)(shared + box.Chunk(start, r, chunk));
                (((ulong*)(row + (16 * chunk)))[0], ((ulong*)(row + (16 * chunk)))[1]) = (from[0], from[1]);
            }

            if (count > 0)
            {
                Put(Global(w, o, lane, address, count * _elementBytes, Kind), row + (skipped * _elementBytes), count * _elementBytes);
            }
        }
    }

    private AccessKind Kind => _combine is null ? AccessKind.Write : AccessKind.Atomic;

    private void Put(byte* to, byte* from, int bytes)
    {
        if (_combine is null)
        {
            Buffer.MemoryCopy(from, to, bytes, bytes);
            return;
        }

        for (int at = 0; at < bytes; at += _elementBytes)
        {
            ulong old = Read(to + at), value = Read(from + at), result = _combine(old, value, 0);
            Buffer.MemoryCopy(&result, to + at, _elementBytes, _elementBytes);
        }
    }

    private ulong Read(byte* at) => _elementBytes switch { 8 => *(ulong*)at, 4 => *(uint*)at, 2 => *(ushort*)at, _ => *at };

    private static byte* Global(Warp w, Operation* o, int lane, ulong address, int bytes, AccessKind kind)
    {
        DeviceMemory memory = w.Block.Grid.Memory;
        Allocation? found = memory.Find(address);
        if (found is null || found.IsFreed || address + (ulong)bytes > found.End)
        {
            throw w.Fault(DeviceMemory.KindOf(found), o, lane, $"a bulk copy of {memory.Describe(address, (ulong)bytes)}");
        }

        w.Checker?.Bulk(w, o, lane, found, address, bytes, kind);
        return found.Host + (address - found.Address);
    }

    private static TensorMapCode ReadMap(Warp w, Operation* o, ulong address, int lane)
    {
        bool isArgument = MemoryMap.SpaceOf(address) == PtxSpace.Parameter;
        if (address % 64 != 0 && !isArgument)
        {
            throw w.Fault(FindingKind.TensorMap, o, lane, $"the tensor map at 0x{address:x} is not a multiple of 64");
        }

        byte* bytes = isArgument ? MemoryAddress.Argument(w, o, address - MemoryMap.ParameterWindow, TensorMapCode.Bytes, lane)
            : MapInMemory(w, o, address, lane);
        TensorMapCode map = MemoryMarshal.Read<TensorMapCode>(new ReadOnlySpan<byte>(bytes, TensorMapCode.Bytes));
        return map.IsValid ? map : throw w.Fault(FindingKind.TensorMap, o, lane, $"there is no tensor map at 0x{address:x}: it was not encoded by the driver, or was changed");
    }

    private static byte* MapInMemory(Warp w, Operation* o, ulong address, int lane) => Global(w, o, lane, address, TensorMapCode.Bytes, AccessKind.ReadOnly);

    private static PtxType TypeOf(TensorMapElement element) => element switch
    {
        TensorMapElement.UInt8 => new PtxType(PtxKind.Unsigned, 1),
        TensorMapElement.UInt16 => new PtxType(PtxKind.Unsigned, 2),
        TensorMapElement.UInt32 => new PtxType(PtxKind.Unsigned, 4),
        TensorMapElement.Int32 => new PtxType(PtxKind.Signed, 4),
        TensorMapElement.Float16 => new PtxType(PtxKind.Float, 2),
        TensorMapElement.BFloat16 => new PtxType(PtxKind.BFloat, 2),
        _ => new PtxType(PtxKind.Float, 4),
    };
}
