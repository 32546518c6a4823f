using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

internal sealed unsafe partial class StridedCopy
{
    // Dimensions a launch walks: the outer one by blocks, six inside a block's elements.
    private const int InnerDimensions = 6;
    private const int WidestBytes = 16;
    private const int MostBlocks = 65535;

    /// <summary>Copies runs of bytes at a fixed distance from one place to another.</summary>
    public static void RunCuda(CudaDevice cuda, nint source, nint target, long targetStride, long runs, long length, long sourceStride)
    {
        if (runs > 0 && length > 0)
        {
            Launch(cuda, source, target, 1, targetStride, [checked((int)runs), checked((int)length)], [sourceStride, 1]);
        }
    }

    private static void RunCuda(CudaDevice cuda, Tensor source, Tensor target, int[] shape, long[] strides)
    {
        (shape, strides) = Merge(shape, strides);
        RunCuda(cuda, source.Address, target.Address, source.DType.Size(), shape, strides);
    }

    // More dimensions than a launch has, or more elements below the first: one launch for each entry of the first.
    private static void RunCuda(CudaDevice cuda, nint source, nint target, int bytes, ReadOnlySpan<int> shape, ReadOnlySpan<long> strides)
    {
        if (shape.Length == 1)
        {
            Launch(cuda, source, target, bytes, shape[0], [1, shape[0]], [0, strides[0]]);
            return;
        }

        long inner = 1;
        foreach (int extent in shape[1..])
        {
            inner *= extent;
        }

        if (shape.Length <= InnerDimensions + 1 && inner <= int.MaxValue)
        {
            Launch(cuda, source, target, bytes, inner, shape.ToArray(), strides.ToArray());
            return;
        }

        for (int i = 0; i < shape[0]; i++)
        {
            RunCuda(cuda, source + (nint)(i * strides[0] * bytes), target + (nint)(i * inner * bytes), bytes, shape[1..], strides[1..]);
        }
    }

    private static void Launch(CudaDevice cuda, nint source, nint target, int bytes, long targetStride, int[] shape, long[] strides)
    {
        Widen(source, target, ref bytes, ref targetStride, shape, strides);
        long inner = 1;
        for (int d = 1; d < shape.Length; d++)
        {
            inner *= shape[d];
        }

        KernelCall call = new KernelCall(cuda, "strided_copy").Define("RF_BYTES", bytes).Define("RF_DIMENSIONS", shape.Length - 1).Long(target).Long(source).Long(targetStride).Int(shape[0]);
        int missing = InnerDimensions - (shape.Length - 1);
        for (int d = 0; d < InnerDimensions; d++)
        {
            call.Int(d < missing ? 1 : shape[d - missing + 1]);
        }

        call.Long(strides[0]);
        for (int d = 0; d < InnerDimensions; d++)
        {
            call.Long(d < missing ? 0 : strides[d - missing + 1]);
        }

        call.Run("strided_copy_forward", new CudaExtent(KernelPlan.Blocks(inner, KernelPlan.Threads), Math.Min(shape[0], MostBlocks)), KernelPlan.Threads);
    }

    // Neighbours that stay neighbours are moved together, as long as every run and every distance is a multiple of the wider element.
    private static void Widen(nint source, nint target, ref int bytes, ref long targetStride, int[] shape, long[] strides)
    {
        int last = shape.Length - 1;
        while (bytes < WidestBytes && strides[last] == 1 && shape[last] % 2 == 0 && targetStride % 2 == 0
            && source % (2 * bytes) == 0 && target % (2 * bytes) == 0 && Array.TrueForAll(strides[..last], static stride => stride % 2 == 0))
        {
            bytes *= 2;
            targetStride /= 2;
            shape[last] /= 2;
            for (int d = 0; d < last; d++)
            {
                strides[d] /= 2;
            }
        }
    }
}
