using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The norm of the Wan VAE: the vector of channels of each pixel is scaled to length sqrt(C).</summary>
public static partial class ChannelRmsNorm
{
    private const string Op = "channel_rms_norm";

    // A row shorter than this is divided by this (torch.nn.functional.normalize).
    private const double Floor = 1e-12;

    /// <summary>Computes <c>y = activation(x / max(|x|, 1e-12) * sqrt(C) * gamma)</c>, with a rounding after each factor in BF16.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="gamma">Scale, C elements of any shape (<c>[C, 1, 1, 1]</c> in checkpoints).</param>
    /// <param name="activation">Applied last; the VAE follows most of its norms by SiLU.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="gamma"/> has not C elements.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor gamma, Activation activation = Activation.None)
    {
        Check.RankAtLeast(Op, x, 1, "[..., C]");
        Check.Activation(Op, x);
        Check.Weight(Op, gamma);
        Check.That(gamma.Count == x.Shape[^1], Op, $"gamma must have {x.Shape[^1]} elements to match the last dimension of x {x.Shape}, got {gamma.Shape}.");
        Check.That(Enum.IsDefined(activation), Op, $"activation must be a known function, got {activation}.");
        Tensor y = pass.New(x.Shape, x.DType);
        Norm(pass, x, gamma, y, activation);
        Record(pass, x, gamma, activation, y);
        return y;
    }

    private static void Norm(Pass pass, Tensor x, Tensor gamma, Tensor y, Activation activation)
    {
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, gamma, y, activation);
            return;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (x.DType == DType.BF16)
        {
            ForwardCpu<RoundToBFloat16>(cpu, x, gamma, y, activation);
        }
        else
        {
            ForwardCpu<KeepFloat>(cpu, x, gamma, y, activation);
        }
    }

    private static void ForwardCpu<TRounding>(CpuDevice cpu, Tensor x, Tensor gamma, Tensor y, Activation activation)
        where TRounding : struct, IRounding
    {
        int channels = x.Shape[^1];
        (Elements source, Elements scale, Elements target) = (new(x), new(gamma), new(y));
        Chunks.Rows(cpu, x.Shape.Rows, channels, 3 * channels, (first, count, scratch) =>
        {
            ReadOnlySpan<float> g = scale.Read(0, channels, scratch);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[channels..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(2 * channels)..]);
                Row<TRounding>(values, g, result);
                if (activation != Activation.None)
                {
                    Activations.Apply(activation, result, result);
                }

                target.Commit(row * channels, result);
            }
        });
    }

    private static void Row<TRounding>(ReadOnlySpan<float> x, ReadOnlySpan<float> gamma, Span<float> y)
        where TRounding : struct, IRounding
    {
        double length = Math.Sqrt(Lanes.SumOfSquares(x));
        if (typeof(TRounding) == typeof(KeepFloat))
        {
            // Rounded once, at the end: what is lost here a deep decoder of few channels amplifies.
            Vector<double> scale = new(Math.Sqrt(x.Length) / Math.Max(length, Floor));
            for (int i = 0; i < x.Length; i += Lanes.Width)
            {
                Vector.Widen(Lanes.Load(x, i), out Vector<double> low, out Vector<double> high);
                Vector.Widen(Lanes.Load(gamma, i), out Vector<double> lowGamma, out Vector<double> highGamma);
                Lanes.Store(Vector.Narrow(low * scale * lowGamma, high * scale * highGamma), y, i);
            }

            return;
        }

        // Division, not a reciprocal: the reference divides, and in BF16 that decides the rounding.
        Vector<float> divisor = Vector.Max(TRounding.Apply(new Vector<float>((float)length)), new Vector<float>((float)Floor));
        Vector<float> factor = new(MathF.Sqrt(x.Length));
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Vector<float> unit = TRounding.Apply(Lanes.Load(x, i) / divisor);
            Vector<float> scaled = TRounding.Apply(unit * factor);
            Lanes.Store(TRounding.Apply(scaled * Lanes.Load(gamma, i)), y, i);
        }
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor gamma, Tensor y, Activation activation) =>
        new KernelCall(cuda, "channel_rms_norm").Define("RF_T", x.DType).Define("RF_W", gamma.DType).Define("RF_ACTIVATION", (int)activation)
            .Pointer(y).Pointer(x).Pointer(gamma).Long(x.Shape.Rows).Int(x.Shape[^1])
            .RunRows("channel_rms_norm_forward", x.Shape.Rows, x.Shape[^1], KernelPlan.Width(x.Shape[^1], y, x, gamma));
}
