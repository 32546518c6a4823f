using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What checks know of every 4-byte word of an allocation: which bytes were written, and which blocks of the running launch used it.</summary>
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
        _writers ??= new ulong[_written.Length];
        _readers ??= new ulong[_written.Length];
        ulong offset = address - allocation.Address;
        BlockOrder order = checker.OrderOf(w.Block);
        ulong launch = (w.Block.Grid.Serial & LaunchMask) << LaunchShift;
        ulong now = launch | ((ulong)order.Number << BlockShift) | ((ulong)order.Moment & MomentMask);
        for (ulong word = offset >> 2; word <= (offset + (ulong)bytes - 1) >> 2; word++)
        {
            ulong low = Math.Max(offset, word * 4), high = Math.Min(offset + (ulong)bytes, (word * 4) + 4);
            var used = (byte)(((1 << (int)(high - low)) - 1) << (int)(low & 3));
            bool strong = kind is AccessKind.Atomic or AccessKind.StrongRead or AccessKind.StrongWrite;
            if (kind is not (AccessKind.Write or AccessKind.StrongWrite))
            {
                Read(checker, w, o, lane, word, used, now, launch, order, kind, strong);
            }

            if (kind is AccessKind.Write or AccessKind.StrongWrite or AccessKind.Atomic)
            {
                Write(checker, w, o, lane, word, used, now, launch, order, strong);
            }
        }
    }

    private static int Words(Allocation allocation) => checked((int)((allocation.Bytes + 3) / 4));

    private string Place(ulong word) => $"word {word * 4} of '{allocation.Name}'";

    private static long BlockOf(ulong epoch) => (long)(epoch >> BlockShift & Many);

    private static bool IsOther(ulong epoch, ulong launch, BlockOrder order) => epoch != 0 && (epoch & (LaunchMask << LaunchShift)) == launch && BlockOf(epoch) != order.Number;

    private void Read(
        Checker checker, Warp w, Operation* o, int lane, ulong word, byte used, ulong now, ulong launch, BlockOrder order, AccessKind kind, bool strong)
    {
        if ((_written[word] & used) != used)
        {
            checker.Report(w, FindingKind.Uninitialised, o, lane, $"{Place(word)} is read and nothing was written to it");
            _written[word] |= used;
        }

        ulong writer = _writers![word];
        bool thisLaunch = writer != 0 && (writer & (LaunchMask << LaunchShift)) == launch;
        if (kind == AccessKind.ReadOnly && thisLaunch)
        {
            checker.Report(w, FindingKind.ReadOnlyWritten, o, lane, $"{Place(word)} is read through the read-only path, and block {BlockOf(writer)} of the same launch wrote it");
        }

        if (thisLaunch && IsOther(writer, launch, order) && !(strong && (writer & Atomic) != 0) && !order.HasSeen(BlockOf(writer), (long)(writer & MomentMask)))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(word)} is read, and block {BlockOf(writer)} of the same launch wrote it, with nothing that orders the two");
        }

        ulong reader = _readers![word];
        if (!strong && reader != now)
        {
            _readers[word] = IsOther(reader, launch, order) && !order.HasSeen(BlockOf(reader), (long)(reader & MomentMask)) ? launch | (Many << BlockShift) : now;
        }
    }

    private void Write(Checker checker, Warp w, Operation* o, int lane, ulong word, byte used, ulong now, ulong launch, BlockOrder order, bool strong)
    {
        ulong writer = _writers![word], reader = _readers![word];
        if (IsOther(writer, launch, order) && !(strong && (writer & Atomic) != 0) && !order.HasSeen(BlockOf(writer), (long)(writer & MomentMask)))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(word)} is written, and block {BlockOf(writer)} of the same launch wrote it too, with nothing that orders the two");
        }

        // Which blocks read a word that many read is not kept: a block that has seen others is trusted.
        bool many = BlockOf(reader) == (long)Many;
        if (IsOther(reader, launch, order) && (many ? !order.HasSeenAny : !order.HasSeen(BlockOf(reader), (long)(reader & MomentMask))))
        {
            checker.Report(w, FindingKind.GlobalRace, o, lane, $"{Place(word)} is written, and {(many ? "other blocks" : $"block {BlockOf(reader)}")} of the same launch read it, with nothing that orders the two");
        }

        _writers[word] = now | (strong ? Atomic : 0);
        _written[word] |= used;
    }
}
