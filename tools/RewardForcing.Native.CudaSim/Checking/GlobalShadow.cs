using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>
/// What checks know of an allocation: which bytes were written, and which blocks of the running launch used every unit. A unit is a word until something
/// smaller is used, then a half-word or a byte: two blocks may write the two halves of one word.
/// </summary>
/// <param name="allocation">The allocation.</param>
internal sealed unsafe class GlobalShadow(Allocation allocation)
{
    private const ulong Atomic = 1UL << 63;
    private const ulong Many = 0xFF_FFFF;
    private const int BlockShift = 20;
    private const int LaunchShift = 44;
    private const ulong MomentMask = (1UL << BlockShift) - 1;
    private const ulong LaunchMask = (1UL << 19) - 1;

    private readonly byte[] _written = new byte[Words(allocation)];
    private ulong[]? _writers;
    private ulong[]? _readers;
    private int _shift = 2;

    /// <summary>Remembers that bytes were written from outside a launch.</summary>
    public void MarkWritten(ulong offset, ulong bytes)
    {
        ulong end = offset + bytes;
        while (offset < end && ((offset & 3) != 0 || end - offset < 4))
        {
            _written[offset >> 2] |= (byte)(1 << (int)(offset & 3));
            offset++;
        }

        if (offset < end)
        {
            ulong words = (end - offset) / 4;
            _written.AsSpan((int)(offset >> 2), (int)words).Fill(0x0F);
            MarkWritten(offset + (4 * words), end - offset - (4 * words));
        }
    }

    /// <summary>Offset of the first byte of a range that nothing was written to, or null.</summary>
    public ulong? FirstUnwritten(ulong offset, ulong bytes)
    {
        ulong end = offset + bytes;
        while (offset < end)
        {
            if ((offset & 3) == 0 && end - offset >= 4)
            {
                int clean = _written.AsSpan((int)(offset >> 2), (int)((end - offset) / 4)).IndexOfAnyExcept((byte)0x0F);
                offset += 4 * (ulong)(clean < 0 ? (int)((end - offset) / 4) : clean);
                if (offset == end)
                {
                    return null;
                }
            }

            if ((_written[offset >> 2] >> (int)(offset & 3) & 1) == 0)
            {
                return offset;
            }

            offset++;
        }

        return null;
    }

    /// <summary>Copies what is known of being written from another allocation.</summary>
    public void CopyWritten(ulong offset, GlobalShadow? source, ulong sourceOffset, ulong bytes)
    {
        for (ulong i = 0; i < bytes; i++)
        {
            bool written = source is not null && (source._written[(sourceOffset + i) >> 2] >> (int)((sourceOffset + i) & 3) & 1) != 0;
            ref byte state = ref _written[(offset + i) >> 2];
            int bit = 1 << (int)((offset + i) & 3);
            state = (byte)(written ? state | bit : state & ~bit);
        }
    }

    /// <summary>Checks an access of one lane and remembers it.</summary>
    public void Access(Checker checker, Warp w, Operation* o, int lane, ulong address, int bytes, AccessKind kind)
    {
        ulong offset = address - allocation.Address;
        int finest = System.Numerics.BitOperations.TrailingZeroCount((uint)offset | (uint)bytes);
        if (finest < _shift)
        {
            Refine(finest);
        }

        _writers ??= new ulong[Count];
        _readers ??= new ulong[Count];
        BlockOrder order = checker.OrderOf(w.Block);
        ulong launch = (w.Block.Grid.Serial & LaunchMask) << LaunchShift;
        ulong now = launch | ((ulong)order.Number << BlockShift) | ((ulong)order.Moment & MomentMask);
        bool strong = kind is AccessKind.Atomic or AccessKind.StrongRead or AccessKind.StrongWrite;
        for (ulong unit = offset >> _shift; unit <= (offset + (ulong)bytes - 1) >> _shift; unit++)
        {
            if (kind is not (AccessKind.Write or AccessKind.StrongWrite))
            {
                Read(checker, w, o, lane, unit, now, launch, order, kind, strong);
            }

            if (kind is AccessKind.Write or AccessKind.StrongWrite or AccessKind.Atomic)
            {
                Write(checker, w, o, lane, unit, now, launch, order, strong);
            }
        }
    }

    private static int Words(Allocation allocation) => checked((int)((allocation.Bytes + 3) / 4));

    private int Count => checked(_written.Length << (2 - _shift));

    private string Place(ulong unit) => $"{Units.Name(_shift)} {unit << _shift} of '{allocation.Name}'";

    private static long BlockOf(ulong epoch) => (long)(epoch >> BlockShift & Many);

    // Bits of the written bytes of a unit within those of its word.
    private byte Bytes(ulong unit) => (byte)(((1 << (1 << _shift)) - 1) << (int)(unit << _shift & 3));

    // Units become smaller; what is known of one holds for its parts.
    private void Refine(int shift)
    {
        int parts = 1 << (_shift - shift);
        _shift = shift;
        _writers = Repeat(_writers, parts);
        _readers = Repeat(_readers, parts);
    }

    private static ulong[]? Repeat(ulong[]? values, int parts)
    {
        if (values is null)
        {
            return null;
        }

        var repeated = new ulong[checked(values.Length * parts)];
        for (int i = 0; i < repeated.Length; i++)
        {
            repeated[i] = values[i / parts];
        }

        return repeated;
    }

    private static bool IsOther(ulong epoch, ulong launch, BlockOrder order) => epoch != 0 && (epoch & (LaunchMask << LaunchShift)) == launch && BlockOf(epoch) != order.Number;

    private void Read(
        Checker checker, Warp w, Operation* o, int lane, ulong unit, ulong now, ulong launch, BlockOrder order, AccessKind kind, bool strong)
    {
        byte used = Bytes(unit);
        ref byte written = ref _written[unit << _shift >> 2];
        if ((written & used) != used)
        {
            checker.Report(w, FindingKind.Uninitialised, o, lane, $"{Place(unit)} is read and nothing was written to it");
            written |= used;
        }

        ulong writer = _writers![unit];
        bool thisLaunch = writer != 0 && (writer & (LaunchMask << LaunchShift)) == launch;
        if (kind == AccessKind.ReadOnly && thisLaunch)
        {
            checker.Report(w, FindingKind.ReadOnlyWritten, o, lane, $"{Place(unit)} is read through the read-only path, and block {BlockOf(writer)} of the same launch wrote it");
        }

        if (thisLaunch && IsOther(writer, launch, order) && !(strong && (writer & Atomic) != 0) && !order.HasSeen(BlockOf(writer), (long)(writer & MomentMask)))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(unit)} is read, and block {BlockOf(writer)} of the same launch wrote it, with nothing that orders the two");
        }

        ulong reader = _readers![unit];
        if (!strong && reader != now)
        {
            _readers[unit] = IsOther(reader, launch, order) && !order.HasSeen(BlockOf(reader), (long)(reader & MomentMask)) ? launch | (Many << BlockShift) : now;
        }
    }

    private void Write(Checker checker, Warp w, Operation* o, int lane, ulong unit, ulong now, ulong launch, BlockOrder order, bool strong)
    {
        ulong writer = _writers![unit], reader = _readers![unit];
        if (IsOther(writer, launch, order) && !(strong && (writer & Atomic) != 0) && !order.HasSeen(BlockOf(writer), (long)(writer & MomentMask)))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(unit)} is written, and block {BlockOf(writer)} of the same launch wrote it too, with nothing that orders the two");
        }

        // Which blocks read a unit that many read is not kept: a block that has seen others is trusted.
        bool many = BlockOf(reader) == (long)Many;
        if (IsOther(reader, launch, order) && (many ? !order.HasSeenAny : !order.HasSeen(BlockOf(reader), (long)(reader & MomentMask))))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(unit)} is written, and {(many ? "other blocks" : $"block {BlockOf(reader)}")} of the same launch read it, with nothing that orders the two");
        }

        _writers[unit] = now | (strong ? Atomic : 0);
        _written[unit << _shift >> 2] |= Bytes(unit);
    }
}
