using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>2-D convolution over channels-last images.</summary>
public static partial class Conv2d
{
    private const string Op = "conv2d";

    /// <summary>Convolves every image of the leading dimensions.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., H, W, C]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, kH, kW]</c>; any float type.</param>
    /// <param name="bias">Added, <c>[O]</c>; may be null.</param>
    /// <param name="plan">Step and padding.</param>
    /// <returns><c>[..., H_out, W_out, O]</c> with <c>H_out = (H + top + bottom - kH) / stride + 1</c>, of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan)
    {
        Check.RankAtLeast(Op, x, 3, "[..., H, W, C]");
        Check.Rank(Op, weight, 4, "[O, C, kH, kW]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        (int outputs, int channels, int kh, int kw) = (weight.Shape[0], weight.Shape[1], weight.Shape[2], weight.Shape[3]);
        Check.That(x.Shape[^1] == channels, Op, $"weight must be [O, {x.Shape[^1]}, kH, kW] to match x {x.Shape}, got {weight.Shape}.");
        Check.That(weight.Count > 0, Op, $"weight must not be empty, got {weight.Shape}.");
        Check.That(plan.Stride >= 1 && plan.Top >= 0 && plan.Bottom >= 0 && plan.Left >= 0 && plan.Right >= 0, Op, $"the step must be at least 1 and padding at least 0, got {plan}.");
        (int height, int width) = (x.Shape[^3], x.Shape[^2]);
        Check.That(height + plan.Top + plan.Bottom >= kh && width + plan.Left + plan.Right >= kw, Op, $"x must be at least as large as the kernel {weight.Shape}, got {x.Shape}.");
        if (bias is not null)
        {
            Check.Weight(Op, bias);
            Check.Shape(Op, bias, new Shape(outputs), $"to match weight {weight.Shape}");
        }

        int high = ((height + plan.Top + plan.Bottom - kh) / plan.Stride) + 1;
        int wide = ((width + plan.Left + plan.Right - kw) / plan.Stride) + 1;
        Tensor y = pass.New(x.Shape.With(^3, high).With(^2, wide).With(^1, outputs), x.DType);
        Convolve(pass, x, weight, bias, plan, y);
        Record(pass, x, weight, bias, plan, y);
        return y;
    }

    internal static void ForwardCpu(CpuDevice cpu, SimdPath path, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan, Tensor y) =>
        ShapeOf(x, weight, plan, y).Run(cpu, path, x, null, weight, bias, y);

    /// <summary>Convolves without checks; the size of <paramref name="y"/> decides how far, and padding may be negative.</summary>
    internal static void Convolve(Pass pass, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan, Tensor y)
    {
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, x, weight, bias, plan, y);
            return;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (y.Count > 0)
        {
            ForwardCpu(cpu, SimdPaths.Best, x, weight, bias, plan, y);
        }
    }

    private static ConvolutionShape ShapeOf(Tensor x, Tensor weight, Conv2dPlan plan, Tensor y)
    {
        return new ConvolutionShape
        {
            Frames = 1,
            Height = x.Shape[^3],
            Width = x.Shape[^2],
            Channels = x.Shape[^1],
            OutFrames = 1,
            OutHeight = y.Shape[^3],
            OutWidth = y.Shape[^2],
            TapFrames = 1,
            TapLines = weight.Shape[2],
            TapColumns = weight.Shape[3],
            Stride = plan.Stride,
            FrameStride = 1,
            Top = plan.Top,
            Left = plan.Left,
        };
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        ConvolutionLaunch launch = new(pass, cuda, "conv2d", x, weight, bias, y);
        launch.Call.Pointer(y).Pointer(x).Pointer(launch.Weight).Pointer(bias).Long(y.Shape.Rows)
            .Int(x.Shape[^3], x.Shape[^2], x.Shape[^1], y.Shape[^3], y.Shape[^2], y.Shape[^1], plan.Stride, plan.Top, plan.Left);
        launch.Run("conv2d_forward");
    }
}
