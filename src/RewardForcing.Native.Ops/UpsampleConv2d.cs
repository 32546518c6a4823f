using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Nearest-neighbour doubling followed by a 2-D convolution that keeps the size.</summary>
public static partial class UpsampleConv2d
{
    private const string Op = "upsample_conv2d";

    /// <summary>Computes <c>conv2d(upsample_nearest(x))</c> with step 1 and padding (kH / 2, kW / 2), without holding the doubled images.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[N, H, W, C]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, kH, kW]</c>, odd kH and kW; any float type.</param>
    /// <param name="bias">Added, <c>[O]</c>; may be null.</param>
    /// <returns><c>[N, 2H, 2W, O]</c> of the type of <paramref name="x"/>; the bits of the two ops after each other.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 VAE, models spec section 6.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias)
    {
        Check.Rank(Op, x, 4, "[N, H, W, C]");
        Check.Rank(Op, weight, 4, "[O, C, kH, kW]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        (int images, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        Check.That(weight.Shape[1] == channels, Op, $"weight must be [O, {channels}, kH, kW] to match x {x.Shape}, got {weight.Shape}.");
        Check.That(weight.Count > 0, Op, $"weight must not be empty, got {weight.Shape}.");
        Check.That(weight.Shape[2] % 2 == 1 && weight.Shape[3] % 2 == 1, Op, $"weight must have odd kH and kW, got {weight.Shape}.");
        int outputs = weight.Shape[0];
        if (bias is not null)
        {
            Check.Weight(Op, bias);
            Check.Shape(Op, bias, new Shape(outputs), $"to match weight {weight.Shape}");
        }

        Tensor y = pass.New(new Shape(images, checked(2 * height), checked(2 * width), outputs), x.DType);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, x, weight, bias, y);
        }
        else
        {
            ForwardCpu(Check.Cpu(Op, pass.Device), SimdPaths.Best, x, weight, bias, y);
        }

        Record(pass, x, weight, bias, y);
        return y;
    }

    internal static void ForwardCpu(CpuDevice cpu, SimdPath path, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        if (y.Count > 0)
        {
            ShapeOf(x, weight).Run(cpu, path, x, null, weight, bias, y);
        }
    }

    // Pixels are doubled where they are looked up: four times as many at full width would be the largest tensor of a decoder.
    private static ConvolutionShape ShapeOf(Tensor x, Tensor weight)
    {
        return new ConvolutionShape
        {
            Frames = 1,
            Height = 2 * x.Shape[1],
            Width = 2 * x.Shape[2],
            Channels = x.Shape[3],
            OutFrames = 1,
            OutHeight = 2 * x.Shape[1],
            OutWidth = 2 * x.Shape[2],
            TapFrames = 1,
            TapLines = weight.Shape[2],
            TapColumns = weight.Shape[3],
            Stride = 1,
            FrameStride = 1,
            Top = weight.Shape[2] / 2,
            Left = weight.Shape[3] / 2,
            Doubling = 1,
        };
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        ConvolutionLaunch launch = new(pass, cuda, "upsample_conv2d", x, weight, bias, y);
        launch.Call.Pointer(y).Pointer(x).Pointer(launch.Weight).Pointer(bias).Long(y.Shape.Rows).Int(x.Shape[1], x.Shape[2], x.Shape[3], y.Shape[3]);
        launch.Run("upsample_conv2d_forward", doubled: true);
    }
}
