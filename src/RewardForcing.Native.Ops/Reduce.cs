using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums and means over whole tensors or their last dimension.</summary>
public static class Reduce
{
    /// <summary>Computes the mean of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>; NaN for an empty input.</returns>
    public static Tensor Mean(Pass pass, Tensor x) => Scalar(pass, Total("mean", pass, x) / x.Count);

    /// <summary>Computes the sum of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>.</returns>
    public static Tensor Sum(Pass pass, Tensor x) => Scalar(pass, Total("sum", pass, x));

    private static Tensor Scalar(Pass pass, double value) => pass.From<float>(new Shape(), [(float)value]);

    // One partial sum for each block, added in order: the same for any number of threads.
    private static double Total(string op, Pass pass, Tensor x)
    {
        Check.Activation(op, x);
        pass.RequireNoGrad(op, x);
        CpuDevice cpu = Check.Cpu(op, pass.Device);
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
}
