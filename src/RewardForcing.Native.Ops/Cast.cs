using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Changes the element type.</summary>
public static class Cast
{
    private const string Op = "cast";

    /// <summary>Converts between float types with one rounding; returns <paramref name="x"/> itself if it has the type already.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and float type.</param>
    /// <param name="dtype">A float type.</param>
    public static Tensor Forward(Pass pass, Tensor x, DType dtype)
    {
        if (x.DType == dtype)
        {
            return x;
        }

        Check.Weight(Op, x);
        Check.That(dtype.IsFloat(), Op, $"the result must be of a float type, got {dtype}.");
        pass.RequireNoGrad(Op, x);
        Tensor y = pass.New(x.Shape, dtype);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Flat(cpu, x.Count, 1, (first, count, scratch) =>
        {
            Span<float> values = target.Target(first, count, scratch);
            source.Widen(first, values);
            target.Commit(first, values);
        });
        return y;
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor y) =>
        new KernelCall(cuda, "cast").Define("RF_T", y.DType).Define("RF_W", x.DType).Pointer(y).Pointer(x).Long(x.Count)
            .RunFlat("cast_forward", x.Count, KernelPlan.Width(x.Count, y, x));
}
