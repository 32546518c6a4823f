using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>cp.async</c>: the source is read when the instruction runs, and the destination is written when the warp waits for the group, as late as the
/// device may do it. Shared address A, global address B, bytes to read C (or -1 for all).
/// </summary>
internal static unsafe class AsyncCopy
{
    private const int All = -1;

    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        if (i.Has("bulk"))
        {
            BulkCopies.Lower(l, i, m);
            return;
        }

        m.Take("async");
        if (m.Take("commit_group"))
        {
            l.Add(&Commit);
            return;
        }

        if (m.Take("wait_all"))
        {
            l.Add(&Wait).Immediate = All;
            return;
        }

        if (m.Take("wait_group"))
        {
            l.Add(&Wait).Immediate = (long)Lowering.Number(i.Operands[0], U32);
            return;
        }

        if (m.OneOf("ca", "cg") is null || m.OneOf("shared", "shared::cta") is null || !m.Take("global"))
        {
            throw new UnknownFormException("this kind of copy");
        }

        LoadStore.Hints(m);
        int size = (int)Lowering.Number(i.Operands[2], U32);
        if (size is not (4 or 8 or 16))
        {
            throw new UnknownFormException($"copies of {size} bytes");
        }

        (int shared, bool wide, long sharedOffset) = MemoryAddress.Lower(l, i.Operands[0], true);
        (int global, bool wideGlobal, long globalOffset) = MemoryAddress.Lower(l, i.Operands[1], false);
        int given = Given(l, i, size);
        int access = l.AddAccess();
        ref Operation o = ref l.Add(&Start, 0, shared, global, given);
        (o.Object, o.Size, o.Mode, o.Count, o.E, o.Immediate) = (access, size, wide ? 1 : 0, wideGlobal ? 1 : 0, (int)sharedOffset, globalOffset);
    }

    // A fourth operand is how many bytes are read, the rest being zeros, or a predicate under which none are.
    private static int Given(Lowering l, PtxInstruction i, int size)
    {
        if (i.Operands.Count < 4 || i.Operands[3].Register is { Type.Bytes: 8 })
        {
            return All;
        }

        if (i.Operands[3].Register is not { Type.Kind: PtxKind.Predicate })
        {
            return l.Source(i.Operands[3], U32);
        }

        int column = l.Temporary(4);
        int ignored = l.Predicate(i.Operands[3]);
        l.Add(&Compare.Select32, column, l.Constant(0, 4), l.Constant((ulong)size, 4), ignored);
        return column;
    }

    private static Operation* Commit(Warp w, Operation* o)
    {
        w.Copies.Commit();
        return o + 1;
    }

    private static Operation* Start(Warp w, Operation* o)
    {
        ref AsyncCopies.Copy copy = ref w.Copies.Add();
        (copy.Mask, copy.Size) = (w.Mask, o->Size);
        ulong* addresses = MemoryAddress.Compute(w, o->A, o->Mode != 0, o->E);
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            MemoryAddress.Shared(w, o, addresses[lane], o->Size, lane);
            copy.Target[lane] = (uint)addresses[lane];
        }

        w.Checker?.Shared(w, o, addresses, w.Mask, o->Size, AccessKind.CopyStarted);
        addresses = MemoryAddress.Compute(w, o->B, o->Count != 0, o->Immediate);
        var given = o->C == All ? null : (uint*)(w.Registers + o->C);
        uint reading = 0;
        fixed (byte* bytes = copy.Bytes)
        {
            for (uint left = w.Mask; left != 0; left &= left - 1)
            {
                int lane = Warp.First(left);
                uint length = given == null ? (uint)o->Size : given[lane];
                var target = (ulong*)(bytes + (16 * lane));
                (target[0], target[1]) = (0, 0);
                if (length > (uint)o->Size)
                {
                    throw w.Fault(FindingKind.OutOfBounds, o, lane, $"{length} bytes are to be read for {o->Size} bytes written");
                }

                if (length == 0)
                {
                    continue;
                }

                // Bounds and alignment are those of a whole copy: that is what the unit reads.
                byte* source = MemoryAddress.Global(w, o, addresses[lane], o->Size, lane);
                Buffer.MemoryCopy(source, target, 16, length);
                reading |= 1u << lane;
            }
        }

        if (reading != 0)
        {
            w.Checker?.Global(w, o, addresses, reading, o->Size, AccessKind.Read);
        }

        return o + 1;
    }

    private static Operation* Wait(Warp w, Operation* o)
    {
        while (w.Copies.TryOldest((int)o->Immediate, out int index))
        {
            Finish(w, o, ref w.Copies.At(index));
            w.Copies.RemoveOldest();
        }

        return o + 1;
    }

    private static void Finish(Warp w, Operation* o, ref AsyncCopies.Copy copy)
    {
        ulong* addresses = w.Addresses;
        fixed (byte* bytes = copy.Bytes)
        {
            for (uint left = copy.Mask; left != 0; left &= left - 1)
            {
                int lane = Warp.First(left);
                addresses[lane] = copy.Target[lane];
                byte* target = w.Block.Shared + copy.Target[lane];
                ulong* source = (ulong*)(bytes + (16 * lane));
                switch (copy.Size)
                {
                    case 16:
                        ((ulong*)target)[0] = source[0];
                        ((ulong*)target)[1] = source[1];
                        break;
                    case 8:
                        *(ulong*)target = *source;
                        break;
                    default:
                        *(uint*)target = (uint)*source;
                        break;
                }
            }
        }

        w.Checker?.Shared(w, o, addresses, copy.Mask, copy.Size, AccessKind.CopyDone);
    }
}
