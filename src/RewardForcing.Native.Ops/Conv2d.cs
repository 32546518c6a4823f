using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>2-D convolution over channels-last images.</summary>
public static class Conv2d
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
        (int height, int width) = (x.Shape[^3], x.Shape[^2]);
        Check.That(height + plan.Top + plan.Bottom >= kh && width + plan.Left + plan.Right >= kw, Op, $"x must be at least as large as the kernel {weight.Shape}, got {x.Shape}.");
        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        pass.RequireNoGrad(Op, x, weight);
        int high = ((height + plan.Top + plan.Bottom - kh) / plan.Stride) + 1;
        int wide = ((width + plan.Left + plan.Right - kw) / plan.Stride) + 1;
        Tensor y = pass.New(x.Shape.With(^3, high).With(^2, wide).With(^1, outputs), x.DType);
        NaiveConvolution work = new(weight, bias, y);
        Elements source = new(x);
        work.Run(cpu, (row, patch) =>
        {
            int column = (int)(row % wide);
            int line = (int)(row / wide % high);
            long image = row / wide / high;
            for (int i = 0; i < kh; i++)
            {
                for (int j = 0; j < kw; j++)
                {
                    (int h, int w) = ((line * plan.Stride) + i - plan.Top, (column * plan.Stride) + j - plan.Left);
                    Span<float> into = patch.Slice(((i * kw) + j) * channels, channels);
                    if (h < 0 || w < 0 || h >= height || w >= width)
                    {
                        into.Clear();
                    }
                    else
                    {
                        source.Widen(((((image * height) + h) * width) + w) * channels, into);
                    }
                }
            }
        });
        return y;
    }
}
