using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Standard normal noise that is a pure function of a key and a counter, the same on every device.</summary>
public static class PhiloxNormal
{
    private const string Op = "philox_normal";

    /// <summary>Fills a tensor: element e of sample s is number <c>e mod 4</c> of <see cref="Philox.Normals"/> with counter <c>(e / 4, c1 + 65536 s, c2, c3)</c>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="shape">Shape of the result, <c>[S, ...]</c>; at most 2^34 elements to a sample.</param>
    /// <param name="c1">Counter, word 1, of the first sample.</param>
    /// <param name="c2">Counter, word 2.</param>
    /// <param name="c3">Counter, word 3.</param>
    /// <param name="key">Key.</param>
    /// <param name="dtype">Type of the result: F32, or BF16 for the same numbers rounded.</param>
    /// <exception cref="ArgumentException">The shape has no first dimension, or the type is another.</exception>
    /// <remarks>Spec: models, Appendix A.</remarks>
    public static Tensor Forward(Pass pass, Shape shape, uint c1, uint c2, uint c3, ulong key, DType dtype = DType.F32)
    {
        Check.That(shape.Rank > 0, Op, $"the shape must be [S, ...], got {shape}.");
        Check.That(dtype is DType.F32 or DType.BF16, Op, $"the result must be F32 or BF16, got {dtype}.");
        Tensor y = pass.New(shape, dtype);
        if (y.Count == 0)
        {
            return y;
        }

        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, y, c1, c2, c3, key);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Elements target = new(y);
        long sample = y.Count / shape[0];
        Chunks.Rows(cpu, shape[0], sample, checked((int)sample), (first, count, scratch) =>
        {
            for (long s = first; s < first + count; s++)
            {
                Span<float> values = target.Target(s * sample, (int)sample, scratch);
                Philox.Normals(values, unchecked(c1 + ((uint)s << 16)), c2, c3, key);
                target.Commit(s * sample, values);
            }
        });
        return y;
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor y, uint c1, uint c2, uint c3, ulong key)
    {
        using Scope scope = pass.BeginScope();
        long sample = y.Count / y.Shape[0];
        int[] counter = [unchecked((int)c1), unchecked((int)c2), unchecked((int)c3), unchecked((int)key), unchecked((int)(key >> 32))];
        new KernelCall(cuda, "philox_normal").Define("RF_T", y.DType).Pointer(y).Pointer(pass.From<int>(new Shape(counter.Length), counter)).Long(sample)
            .Run("philox_normal_forward", new CudaExtent(KernelPlan.Blocks(sample, 4L * KernelPlan.Threads), y.Shape[0]), KernelPlan.Threads);
    }
}
