using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>From decoded video to displayable frames.</summary>
public static class ToFrames
{
    private const string Op = "to_frames";

    /// <summary>Computes <c>trunc(255 · clamp(0.5 x + 0.5, 0, 1))</c>; the conversion truncates, as the reference does.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Video in -1..1, channels-last <c>[..., 3]</c>, F32 or BF16.</param>
    /// <returns>Same shape, U8.</returns>
    public static Tensor Forward(Pass pass, Tensor x)
    {
        Check.Activation(Op, x);
        pass.RequireNoGrad(Op, x);
        Tensor y = pass.New(x.Shape, DType.U8);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Elements source = new(x);
        nint bytes = y.Address;
        Chunks.Flat(cpu, x.Count, 1, (first, count, scratch) => Row(source.Read(first, count, scratch), Bytes(bytes, first, count)));
        return y;
    }

    private static unsafe Span<byte> Bytes(nint address, long first, int count) => new((byte*)address + first, count);

    private static void Row(ReadOnlySpan<float> x, Span<byte> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            // NaN fails both comparisons and becomes black.
            float level = 255 * ((0.5f * x[i]) + 0.5f);
            y[i] = level >= 255 ? (byte)255 : level > 0 ? (byte)level : (byte)0;
        }
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor y) =>
        new KernelCall(cuda, "to_frames").Define("RF_T", x.DType).Pointer(y).Pointer(x).Long(x.Count)
            .RunFlat("to_frames_forward", x.Count, Math.Min(4, KernelPlan.Width(x.Count, x, y)));
}
