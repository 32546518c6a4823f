using System.Runtime.InteropServices;

namespace RewardForcing.Native.Tensors;

/// <summary>Host memory for large blocks: on Linux in pages of 2 MiB where the system has them.</summary>
/// <remarks>
/// A block in 4 KiB pages lies anywhere in physical memory, so that some sets of the second-level cache get several times their share of
/// it, and walking it needs hundreds of entries of the address cache. Where the system gives large pages on request only, as Debian and Ubuntu
/// do, this advice decides; no managed call gives it, and memory is allocated below <c>Cuda/Interop</c>, so it is the one native function
/// imported elsewhere. <c>benchmarks/LOG.md</c> has an indication of the gain and no alternated measurement on a quiet machine yet; a process
/// started under <c>prctl(PR_SET_THP_DISABLE)</c> runs without it. The advice is only that; memory is the same without it.
/// </remarks>
internal static unsafe partial class HostPages
{
    // MADV_HUGEPAGE of <sys/mman.h>.
    private const int AdviseHuge = 14;
    private const long HugePage = 2 << 20;

    // Blocks from here on get whole large pages; smaller ones would waste most of one.
    private const long Large = 512 << 10;
    private const long SmallAlignment = 256;

    /// <summary>Takes memory.</summary>
    /// <exception cref="OutOfMemoryException">The system has no more.</exception>
    public static nint Allocate(long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < Large)
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)SmallAlignment);
        }

        nuint size = (nuint)((bytes + HugePage - 1) & -HugePage);
        void* block = NativeMemory.AlignedAlloc(size, (nuint)HugePage);

        // A kernel without large pages refuses, which changes nothing.
        _ = Advise(block, size, AdviseHuge);
        return (nint)block;
    }

    /// <summary>Gives memory back.</summary>
    public static void Free(nint block) => NativeMemory.AlignedFree((void*)block);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
