using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Copies runs of bytes at a fixed distance from one tensor to another: a range of a dimension is such a set of runs.</summary>
internal static unsafe class RunCopy
{
    /// <summary>Copies <paramref name="runs"/> runs of <paramref name="length"/> bytes.</summary>
    /// <param name="op">The op, for the sentence about a device that has no path.</param>
    /// <param name="source">Read from byte <paramref name="sourceFirst"/> on.</param>
    /// <param name="sourceFirst">Offset of the first run.</param>
    /// <param name="sourceStride">Bytes from one run to the next.</param>
    /// <param name="target">Written from byte <paramref name="targetFirst"/> on.</param>
    /// <param name="targetFirst">Offset of the first run.</param>
    /// <param name="targetStride">Bytes from one run to the next.</param>
    /// <param name="runs">Number of runs.</param>
    /// <param name="length">Bytes of each run.</param>
    public static void Run(string op, Tensor source, long sourceFirst, long sourceStride, Tensor target, long targetFirst, long targetStride, long runs, long length)
    {
        if (length == 0)
        {
            return;
        }

        if (target.Device is CudaDevice cuda)
        {
            StridedCopy.RunCuda(cuda, source.Address + (nint)sourceFirst, target.Address + (nint)targetFirst, targetStride, runs, length, sourceStride);
            return;
        }

        CpuDevice cpu = Check.Cpu(op, target.Device);
        nint from = source.Address + (nint)sourceFirst;
        nint to = target.Address + (nint)targetFirst;
        Chunks.Rows(cpu, runs, length / 4, 0, (first, count, _) =>
        {
            for (long run = first; run < first + count; run++)
            {
                Buffer.MemoryCopy((void*)(from + (nint)(run * sourceStride)), (void*)(to + (nint)(run * targetStride)), length, length);
            }
        });
    }
}
