using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums and means over whole tensors or their last dimension.</summary>
public static class Reduce
{
    /// <summary>Computes the mean of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>; NaN for an empty input.</returns>
    public static Tensor Mean(Pass pass, Tensor x) => Total("mean", pass, x, x.Count);

    /// <summary>Computes the sum of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>.</returns>
    public static Tensor Sum(Pass pass, Tensor x) => Total("sum", pass, x, 1);

    private static Tensor Total(string op, Pass pass, Tensor x, double divisor)
    {
        Check.Activation(op, x);
        Tensor y = pass.Device is CudaDevice cuda
            ? TotalCuda(pass, cuda, x, divisor)
            : pass.From<float>(new Shape([]), [(float)(TotalCpu(Check.Cpu(op, pass.Device), x) / divisor)]);
        pass.Record(y, [x], [], (back, dy) => [Spread(op, back, x, dy, divisor)]);
        return y;
    }

    private static Tensor Spread(string op, Pass pass, Tensor x, Tensor dy, double divisor)
    {
        Tensor dx = pass.New(x.Shape, Gradients.TypeOf(x));
        if (pass.Device is CudaDevice cuda)
        {
            new KernelCall(cuda, "reduce").Define("RF_T", dx.DType).Pointer(dx).Pointer(dy).Long(dx.Count).Double(divisor)
                .RunFlat("reduce_backward", dx.Count, KernelPlan.Width(dx.Count, dx));
            return dx;
        }

        float value = (float)(dy.ToFloats()[0] / divisor);
        Elements target = new(dx);
        Chunks.Flat(Check.Cpu(op, pass.Device), dx.Count, 1, (first, count, scratch) =>
        {
            Span<float> result = target.Target(first, count, scratch);
            result.Fill(value);
            target.Commit(first, result);
        });
        return dx;
    }

    // One partial sum for each block, added in order: the same for any number of threads.
    private static double TotalCpu(CpuDevice cpu, Tensor x)
    {
        Elements source = new(x);
        var partial = new double[(x.Count + Chunks.Block - 1) / Chunks.Block];
        Chunks.Flat(cpu, x.Count, 1, (first, count, scratch) => partial[first / Chunks.Block] = Lanes.Sum(source.Read(first, count, scratch)));
        double sum = 0;
        foreach (double part in partial)
        {
            sum += part;
        }

        return sum;
    }

    private static Tensor TotalCuda(Pass pass, CudaDevice cuda, Tensor x, double divisor)
    {
        Tensor y = pass.New(new Shape([]));
        using Scope scope = pass.BeginScope();
        int blocks = KernelPlan.Blocks(x.Count, Chunks.Block);

        // Doubles are no element type; words of that size hold them.
        Tensor partial = pass.New(new Shape(Math.Max(blocks, 1)), DType.I64);
        if (blocks > 0)
        {
            new KernelCall(cuda, "reduce").Define("RF_T", x.DType).Define("RF_N", 1).Pointer(partial).Pointer(x).Long(x.Count).Run("reduce_forward_partial", blocks, KernelPlan.Threads);
        }

        new KernelCall(cuda, "reduce").Define("RF_T", x.DType).Define("RF_N", 1).Pointer(y).Pointer(partial).Int(blocks).Double(divisor).Run("reduce_forward", 1, KernelPlan.Threads);
        return y;
    }
}
