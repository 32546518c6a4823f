using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Causal 3-D convolution over channels-last video.</summary>
public static class CausalConv3d
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
        Check.That(weight.Shape[3] % 2 == 1 && weight.Shape[4] % 2 == 1, Op, $"weight must have odd kH and kW, got {weight.Shape}.");
        Check.That(x.Shape[1] + padFrames >= taps, Op, $"x must have at least {taps - padFrames} frames, got {x.Shape}.");
        int before = history?.Shape[1] ?? 0;
        Check.That(before <= padFrames, Op, $"history must have at most {padFrames} frames, got {before}.");
        if (history is not null)
        {
            Check.SameType(Op, history, x);
            Check.Shape(Op, history, x.Shape.With(1, before), $"to match x {x.Shape}");
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        pass.RequireNoGrad(Op, x, weight);
        (int batch, int frames, int height, int width) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        int made = ((frames + padFrames - taps) / frameStride) + 1;
        Tensor y = pass.New(new Shape(batch, made, height, width, outputs), x.DType);
        NaiveConvolution work = new(weight, bias, y);
        (int kh, int kw) = (weight.Shape[3], weight.Shape[4]);
        (Elements now, Elements past) = (new(x), new(history ?? x));
        work.Run(cpu, (row, patch) =>
        {
            int column = (int)(row % width);
            int line = (int)(row / width % height);
            int frame = (int)(row / width / height % made);
            long sample = row / width / height / made;
            for (int t = 0; t < taps; t++)
            {
                int source = (frame * frameStride) + t - padFrames;
                for (int i = 0; i < kh; i++)
                {
                    for (int j = 0; j < kw; j++)
                    {
                        (int h, int w) = (line + i - (kh / 2), column + j - (kw / 2));
                        Span<float> into = patch.Slice(((((t * kh) + i) * kw) + j) * channels, channels);
                        if (h < 0 || w < 0 || h >= height || w >= width || source < -before)
                        {
                            into.Clear();
                        }
                        else if (source < 0)
                        {
                            past.Widen((((((sample * before) + source + before) * height) + h) * width + w) * channels, into);
                        }
                        else
                        {
                            now.Widen((((((sample * frames) + source) * height) + h) * width + w) * channels, into);
                        }
                    }
                }
            }
        });
        return y;
    }
}
