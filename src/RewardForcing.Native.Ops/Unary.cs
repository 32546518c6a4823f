using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Elementwise functions of one tensor.</summary>
public static class Unary
{
    private const string Op = "unary";

    /// <summary>Applies an activation to every element; float inside, one rounding.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <param name="activation">The function.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    public static Tensor Forward(Pass pass, Tensor x, Activation activation)
    {
        Check.Activation(Op, x);
        Check.That(Enum.IsDefined(activation), Op, $"activation must be a known function, got {activation}.");
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x], [x], (back, dy) => [Backward(back, dy, x, activation)]);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, y, activation);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Flat(cpu, x.Count, 2, (first, count, scratch) =>
        {
            Span<float> result = target.Target(first, count, scratch[Chunks.Block..]);
            Activations.Apply(activation, source.Read(first, count, scratch), result);
            target.Commit(first, result);
        });
        return y;
    }

    private static Tensor Backward(Pass pass, Tensor dy, Tensor x, Activation activation)
    {
        Tensor dx = pass.New(x.Shape, x.DType);
        if (pass.Device is CudaDevice cuda)
        {
            BackwardCuda(cuda, dy, x, dx, activation);
            return dx;
        }

        (Elements grads, Elements source, Elements target) = (new(dy), new(x), new(dx));
        Chunks.Flat(Check.Cpu(Op, pass.Device), x.Count, 2, (first, count, scratch) =>
        {
            Span<float> result = target.Target(first, count, scratch);
            grads.Widen(first, result);
            Activations.MultiplyBySlope(activation, source.Read(first, count, scratch[Chunks.Block..]), result);
            target.Commit(first, result);
        });
        return dx;
    }

    internal static void BackwardCuda(CudaDevice cuda, Tensor dy, Tensor x, Tensor dx, Activation activation) =>
        new KernelCall(cuda, "unary").Define("RF_T", x.DType).Define("RF_ACTIVATION", (int)activation).Pointer(dx).Pointer(dy).Pointer(x).Long(x.Count)
            .RunFlat("unary_backward", x.Count, KernelPlan.Width(x.Count, dx, dy, x));

    internal static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor y, Activation activation) =>
        new KernelCall(cuda, "unary").Define("RF_T", x.DType).Define("RF_ACTIVATION", (int)activation).Pointer(y).Pointer(x).Long(x.Count)
            .RunFlat("unary_forward", x.Count, KernelPlan.Width(x.Count, y, x));
}
