using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Layer normalisation with a scale and shift per latent frame (adaLN).</summary>
public static class ModulatedLayerNorm
{
    private const string Op = "modulated_layer_norm";

    /// <summary>Computes <c>y = LN(x) * (1 + scale) + shift</c>; in BF16 the norm, <c>1 + scale</c>, the product and the sum are each rounded.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>, F32 or BF16.</param>
    /// <param name="shift">One row per latent frame, <c>[B, F, C]</c>; L is a multiple of F.</param>
    /// <param name="scale">One row per latent frame, <c>[B, F, C]</c>.</param>
    /// <param name="eps">Added to the variance; Wan uses 1e-6.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 block; Peebles and Xie 2023, sec. 3.2. Spec: models 1.4(6), 1.5.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor shift, Tensor scale, float eps)
    {
        Check.Activation(Op, x);
        Check.FrameRows(Op, x, shift);
        Check.FrameRows(Op, x, scale);
        Check.Shape(Op, scale, shift.Shape, "as shift");
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x, shift, scale], [x, shift, scale], (back, dy) => Backward(back, dy, x, shift, scale, eps));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, shift, scale, y, eps);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (x.DType == DType.BF16)
        {
            ForwardCpu<RoundToBFloat16>(cpu, x, shift, scale, y, eps);
        }
        else
        {
            ForwardCpu<KeepFloat>(cpu, x, shift, scale, y, eps);
        }

        return y;
    }

    private static void ForwardCpu<TRounding>(CpuDevice cpu, Tensor x, Tensor shift, Tensor scale, Tensor y, float eps)
        where TRounding : struct, IRounding
    {
        (int channels, long rows) = (x.Shape[2], x.Shape.Rows);
        long frames = shift.Shape.Rows;
        long tokensPerFrame = frames == 0 ? 1 : rows / frames;
        (Elements source, Elements shifts, Elements scales, Elements target) = (new(x), new(shift), new(scale), new(y));
        Chunks.Rows(cpu, rows, channels, 4 * channels, (first, count, scratch) =>
        {
            ReadOnlySpan<float> m0 = [];
            ReadOnlySpan<float> m1 = [];
            long loaded = -1;
            for (long row = first; row < first + count; row++)
            {
                long frame = row / tokensPerFrame;
                if (frame != loaded)
                {
                    m0 = shifts.Read(frame * channels, channels, scratch);
                    m1 = scales.Read(frame * channels, channels, scratch[channels..]);
                    loaded = frame;
                }

                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[(2 * channels)..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(3 * channels)..]);
                LayerNorm.Normalise(values, result, eps);
                Modulate<TRounding>(result, m0, m1);
                target.Commit(row * channels, result);
            }
        });
    }

    private static void Modulate<TRounding>(Span<float> y, ReadOnlySpan<float> shift, ReadOnlySpan<float> scale)
        where TRounding : struct, IRounding
    {
        for (int i = 0; i < y.Length; i += Lanes.Width)
        {
            Vector<float> factor = TRounding.Apply(Vector<float>.One + Lanes.Load(scale, i));
            Vector<float> product = TRounding.Apply(TRounding.Apply(Lanes.Load(y, i)) * factor);
            Lanes.Store(product + Lanes.Load(shift, i), y, i);
        }
    }

    // Each frame's rows of scale and shift get the sums over its tokens.
    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor x, Tensor shift, Tensor scale, float eps)
    {
        (Tensor? dx, Tensor? dshift, Tensor? dscale) = (Gradients.New(pass, x), Gradients.New(pass, shift), Gradients.New(pass, scale));
        if (pass.Device is CudaDevice cuda)
        {
            dx = Gradients.Like(pass, x);
            new NormGradient(pass, cuda, dy, x, scale, shift.Shape.Rows, eps).Run(
                "modulated_layer_norm", "modulated_layer_norm_backward",
                call => call.Define("RF_T", x.DType).Define("RF_W", shift.DType).Define("RF_B", scale.DType), dx, dscale, dshift);
            return [dx, dshift, dscale];
        }

        int channels = x.Shape[2];
        long frames = shift.Shape.Rows, tokens = frames == 0 ? 0 : x.Shape.Rows / frames;
        (Elements grads, Elements source, Elements scales) = (new(dy), new(x), new(scale));
        Elements? target = dx is null ? null : new Elements(dx);
        ColumnSums.Run(Check.Cpu(Op, pass.Device), frames, tokens, channels, 5 * channels, (first, count, scratch, sums) =>
        {
            ReadOnlySpan<float> m1 = count == 0 ? [] : scales.Read(first / tokens * channels, channels, scratch);
            Span<float> normal = scratch.Slice(3 * channels, channels);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> g = grads.Read(row * channels, channels, scratch[channels..]);
                float inverse = LayerNorm.Normalise(source.Read(row * channels, channels, scratch[(2 * channels)..]), normal, eps);
                Lanes.Add(sums[..channels], g);
                Lanes.AddProduct(sums[channels..], g, normal);
                if (target is { } place)
                {
                    Span<float> result = place.Target(row * channels, channels, scratch[(4 * channels)..]);
                    for (int i = 0; i < channels; i += Lanes.Width)
                    {
                        Lanes.Store(Lanes.Load(g, i) * (Vector<float>.One + Lanes.Load(m1, i)), result, i);
                    }

                    LayerNorm.NormaliseBackward(result, normal, inverse);
                    place.Commit(row * channels, result);
                }
            }
        }, dshift, dscale);
        return [dx, dshift, dscale];
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor shift, Tensor scale, Tensor y, float eps)
    {
        (int channels, long rows) = (x.Shape[2], x.Shape.Rows);
        if (rows > 0)
        {
            new KernelCall(cuda, "modulated_layer_norm").Define("RF_T", x.DType).Define("RF_W", shift.DType).Define("RF_B", scale.DType)
                .Pointer(y).Pointer(x).Pointer(shift).Pointer(scale).Long(rows).Int(channels, (int)(rows / shift.Shape.Rows)).Float(eps)
                .RunRows("modulated_layer_norm_forward", rows, channels, KernelPlan.Width(channels, y, x, shift, scale));
        }
    }
}
