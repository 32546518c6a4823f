using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Causal 3-D convolution over channels-last video.</summary>
public static partial class CausalConv3d
{
    private const string Op = "causal_conv3d";

    /// <summary>Convolves with zero padding on both sides in space and, in time, with history before the first frame and nothing after the last.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[B, T, H, W, C]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, kT, kH, kW]</c>, odd kH and kW; any float type. Tap kT-1 is the current frame.</param>
    /// <param name="bias">Added, <c>[O]</c>; may be null.</param>
    /// <param name="history">Frames before the first one, <c>[B, m, H, W, C]</c> with <c>m &lt;= padFrames</c>, newest last; null for none. Missing ones are zero.</param>
    /// <param name="padFrames">Frames the input is extended by at the front: kT-1 for a causal convolution that keeps the length, 0 for a valid one.</param>
    /// <param name="frameStride">Step in time; output frames are <c>(T + padFrames - kT) / frameStride + 1</c>.</param>
    /// <returns><c>[B, T_out, H, W, O]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 VAE, models spec section 6.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride = 1)
    {
        Check.Rank(Op, x, 5, "[B, T, H, W, C]");
        Check.Rank(Op, weight, 5, "[O, C, kT, kH, kW]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        (int outputs, int channels, int taps) = (weight.Shape[0], weight.Shape[1], weight.Shape[2]);
        Check.That(x.Shape[4] == channels, Op, $"weight must be [O, {x.Shape[4]}, kT, kH, kW] to match x {x.Shape}, got {weight.Shape}.");
        Check.That(weight.Count > 0, Op, $"weight must not be empty, got {weight.Shape}.");
        Check.That(weight.Shape[3] % 2 == 1 && weight.Shape[4] % 2 == 1, Op, $"weight must have odd kH and kW, got {weight.Shape}.");
        Check.That(padFrames >= 0 && frameStride >= 1, Op, $"padFrames must be at least 0 and frameStride at least 1, got {padFrames} and {frameStride}.");
        Check.That(x.Shape[1] + padFrames >= taps, Op, $"x must have at least {taps - padFrames} frames, got {x.Shape}.");
        if (history is not null)
        {
            Check.Rank(Op, history, 5, "[B, m, H, W, C]");
        }

        int before = history?.Shape[1] ?? 0;
        Check.That(before <= padFrames, Op, $"history must have at most {padFrames} frames, got {before}.");
        if (history is not null)
        {
            Check.SameType(Op, history, x);
            Check.Shape(Op, history, x.Shape.With(1, before), $"to match x {x.Shape}");
        }

        if (bias is not null)
        {
            Check.Weight(Op, bias);
            Check.Shape(Op, bias, new Shape(outputs), $"to match weight {weight.Shape}");
        }

        int made = ((x.Shape[1] + padFrames - taps) / frameStride) + 1;
        Tensor y = pass.New(x.Shape.With(1, made).With(4, outputs), x.DType);
        Convolve(pass, x, weight, bias, history, padFrames, frameStride, y);
        Record(pass, x, weight, bias, history, padFrames, frameStride, y);
        return y;
    }

    internal static void ForwardCpu(CpuDevice cpu, SimdPath path, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride, Tensor y) =>
        ShapeOf(x, weight, history, padFrames, frameStride, y).Run(cpu, path, x, history, weight, bias, y);

    // Without checks; padFrames may be negative, where the first frames are seen by no tap.
    private static void Convolve(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride, Tensor y)
    {
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, x, weight, bias, history, padFrames, frameStride, y);
            return;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (y.Count > 0)
        {
            ForwardCpu(cpu, SimdPaths.Best, x, weight, bias, history, padFrames, frameStride, y);
        }
    }

    private static ConvolutionShape ShapeOf(Tensor x, Tensor weight, Tensor? history, int padFrames, int frameStride, Tensor y)
    {
        return new ConvolutionShape
        {
            Frames = x.Shape[1],
            HistoryFrames = history?.Shape[1] ?? 0,
            Height = x.Shape[2],
            Width = x.Shape[3],
            Channels = x.Shape[4],
            OutFrames = y.Shape[1],
            OutHeight = x.Shape[2],
            OutWidth = x.Shape[3],
            TapFrames = weight.Shape[2],
            TapLines = weight.Shape[3],
            TapColumns = weight.Shape[4],
            Stride = 1,
            FrameStride = frameStride,
            PadFrames = padFrames,
            Top = weight.Shape[3] / 2,
            Left = weight.Shape[4] / 2,
        };
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        int before = history?.Shape[1] ?? 0;
        ConvolutionLaunch launch = new(pass, cuda, "causal_conv3d", x, weight, bias, y, history);
        if (HopperConvolution.Choose(cuda, x, history, launch.Weight, bias) is { } hopper)
        {
            hopper.Run(cuda, x, history, launch.Weight, bias, padFrames, frameStride, y);
            return;
        }

        launch.Call.Pointer(y).Pointer(x).Pointer(before == 0 ? null : history).Pointer(launch.Weight).Pointer(bias).Long(y.Shape.Rows)
            .Int(x.Shape[1], before, x.Shape[2], x.Shape[3], x.Shape[4], y.Shape[1], y.Shape[4], frameStride, padFrames);
        launch.Run("causal_conv3d_forward");
    }
}
