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
        Tensor y = pass.New(x.Shape, dtype);
        Convert(pass, x, y);

        // A rounding passes gradients on as they are. Those of weights are floats, whatever the weights are.
        DType back = x.DType == DType.BF16 && !x.IsWeight ? DType.BF16 : DType.F32;
        pass.Record(y, [x], [], (pass, dy) => [Forward(pass, dy, back)]);
        return y;
    }

    private static void Convert(Pass pass, Tensor x, Tensor y)
    {
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, y);
            return;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Flat(cpu, x.Count, 1, (first, count, scratch) =>
        {
            Span<float> values = target.Target(first, count, scratch);
            source.Widen(first, values);
            target.Commit(first, values);
        });
    }

    internal static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor y) =>
        new KernelCall(cuda, "cast").Define("RF_T", y.DType).Define("RF_W", x.DType).Pointer(y).Pointer(x).Long(x.Count)
            .RunFlat("cast_forward", x.Count, KernelPlan.Width(x.Count, y, x));
}
