using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Root-mean-square normalisation over the last dimension.</summary>
public static class RmsNorm
{
    private const string Op = "rms_norm";

    /// <summary>Computes <c>y = x * rsqrt(mean(x^2) + eps) * weight</c>; in BF16 the normalised value is rounded before the weight is applied.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="weight">Scale, <c>[C]</c>; any float type.</param>
    /// <param name="eps">Added to the mean square; Wan and umT5 use 1e-6.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="weight"/> is not <c>[C]</c>.</exception>
    /// <remarks>Zhang and Sennrich 2019, eq. 4.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, float eps)
    {
        Check.RankAtLeast(Op, x, 1, "[..., C]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        Check.Shape(Op, weight, new Shape(x.Shape[^1]), $"to match the last dimension of x {x.Shape}");
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x, weight], [x, weight], (back, dy) => Backward(back, dy, x, weight, eps));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, weight, y, eps);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (x.DType == DType.BF16)
        {
            ForwardCpu<RoundToBFloat16>(cpu, x, weight, y, eps);
        }
        else
        {
            ForwardCpu<KeepFloat>(cpu, x, weight, y, eps);
        }

        return y;
    }

    private static void ForwardCpu<TRounding>(CpuDevice cpu, Tensor x, Tensor weight, Tensor y, float eps)
        where TRounding : struct, IRounding
    {
        int channels = x.Shape[^1];
        (Elements source, Elements scale, Elements target) = (new(x), new(weight), new(y));
        Chunks.Rows(cpu, x.Shape.Rows, channels, 3 * channels, (first, count, scratch) =>
        {
            ReadOnlySpan<float> w = scale.Read(0, channels, scratch);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[channels..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(2 * channels)..]);
                Row<TRounding>(values, w, result, eps);
                target.Commit(row * channels, result);
            }
        });
    }

    private static void Row<TRounding>(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, Span<float> y, float eps)
        where TRounding : struct, IRounding
    {
        Vector<float> inverse = new((float)(1 / Math.Sqrt((Lanes.SumOfSquares(x) / x.Length) + eps)));
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Vector<float> normal = TRounding.Apply(Lanes.Load(x, i) * inverse);
            Lanes.Store(normal * Lanes.Load(weight, i), y, i);
        }
    }

    // With u = x / rms: du = dy w, dx = (du - u mean(du u)) / rms, dweight = sum over rows of dy u.
    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor x, Tensor weight, float eps)
    {
        (Tensor? dx, Tensor? dweight) = (Gradients.New(pass, x), Gradients.New(pass, weight));
        if (pass.Device is CudaDevice cuda)
        {
            dx = Gradients.Like(pass, x);
            new NormGradient(pass, cuda, dy, x, weight, 1, eps).Run(
                "rms_norm", "rms_norm_backward", call => call.Define("RF_T", x.DType).Define("RF_W", weight.DType), dx, dweight);
            return [dx, dweight];
        }

        int channels = x.Shape[^1];
        (Elements grads, Elements source, Elements scale) = (new(dy), new(x), new(weight));
        Elements? target = dx is null ? null : new Elements(dx);
        ColumnSums.Run(Check.Cpu(Op, pass.Device), 1, x.Shape.Rows, channels, 5 * channels, (first, count, scratch, sums) =>
        {
            ReadOnlySpan<float> w = scale.Read(0, channels, scratch);
            Span<float> normal = scratch.Slice(3 * channels, channels);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> g = grads.Read(row * channels, channels, scratch[channels..]);
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[(2 * channels)..]);
                float inverse = (float)(1 / Math.Sqrt((Lanes.SumOfSquares(values) / channels) + eps));
                for (int i = 0; i < channels; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(values, i) * new Vector<float>(inverse), normal, i);
                }

                Lanes.AddProduct(sums, g, normal);
                if (target is { } place)
                {
                    Span<float> result = place.Target(row * channels, channels, scratch[(4 * channels)..]);
                    for (int i = 0; i < channels; i += Lanes.Width)
                    {
                        Lanes.Store(Lanes.Load(g, i) * Lanes.Load(w, i), result, i);
                    }

                    Vector<float> along = new((float)(Lanes.Dot(result, normal) / channels));
                    for (int i = 0; i < channels; i += Lanes.Width)
                    {
                        Lanes.Store((Lanes.Load(result, i) - (Lanes.Load(normal, i) * along)) * new Vector<float>(inverse), result, i);
                    }

                    place.Commit(row * channels, result);
                }
            }
        }, dweight);
        return [dx, dweight];
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor weight, Tensor y, float eps) =>
        new KernelCall(cuda, "rms_norm").Define("RF_T", x.DType).Define("RF_W", weight.DType)
            .Pointer(y).Pointer(x).Pointer(weight).Long(x.Shape.Rows).Int(x.Shape[^1]).Float(eps)
            .RunRows("rms_norm_forward", x.Shape.Rows, x.Shape[^1], KernelPlan.Width(x.Shape[^1], y, x, weight));
}
