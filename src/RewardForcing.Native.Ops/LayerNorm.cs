using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Layer normalisation over the last dimension.</summary>
public static class LayerNorm
{
    private const string Op = "layer_norm";

    /// <summary>Computes <c>y = (x - mean) * rsqrt(variance + eps) * weight + bias</c> with the biased variance, in two passes; one rounding in BF16.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="weight">Scale, <c>[C]</c>; null for none.</param>
    /// <param name="bias">Shift, <c>[C]</c>; null for none.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">A parameter is not <c>[C]</c>.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor? weight, Tensor? bias, float eps)
    {
        Check.RankAtLeast(Op, x, 1, "[..., C]");
        Check.Activation(Op, x);
        foreach (Tensor? parameter in (ReadOnlySpan<Tensor?>)[weight, bias])
        {
            if (parameter is not null)
            {
                Check.Weight(Op, parameter, ReferenceEquals(parameter, weight) ? nameof(weight) : nameof(bias));
                Check.Shape(
                    Op, parameter, new Shape(x.Shape[^1]), $"to match the last dimension of x {x.Shape}", ReferenceEquals(parameter, weight) ? nameof(weight) : nameof(bias));
            }
        }

        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x, weight, bias], [x, weight, bias], (back, dy) => Backward(back, dy, x, weight, bias, eps));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, weight, bias, y, eps);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        ForwardCpu(cpu, x, weight, bias, y, eps);
        return y;
    }

    /// <summary>Writes <c>(x - mean) * rsqrt(variance + eps)</c> of one row and returns the factor.</summary>
    internal static float Normalise(ReadOnlySpan<float> x, Span<float> y, float eps)
    {
        double mean = Lanes.Sum(x) / x.Length;
        double variance = Lanes.SumOfSquares(x, mean) / x.Length;
        float deviation = (float)(1 / Math.Sqrt(variance + eps));
        (Vector<float> shift, Vector<float> inverse) = (new((float)mean), new(deviation));
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store((Lanes.Load(x, i) - shift) * inverse, y, i);
        }

        return deviation;
    }

    /// <summary>Gradient of <see cref="Normalise"/>: with y normalised, <c>dx = (dy - mean(dy) - y mean(dy y)) / deviation</c>; in place.</summary>
    /// <param name="dy">Gradient of the normalised row; becomes that of the row.</param>
    /// <param name="y">The normalised row.</param>
    /// <param name="inverse">What <see cref="Normalise"/> returned.</param>
    internal static void NormaliseBackward(Span<float> dy, ReadOnlySpan<float> y, float inverse)
    {
        Vector<float> mean = new((float)(Lanes.Sum(dy) / dy.Length));
        Vector<float> along = new((float)(Lanes.Dot(dy, y) / dy.Length));
        for (int i = 0; i < dy.Length; i += Lanes.Width)
        {
            Lanes.Store((Lanes.Load(dy, i) - mean - (Lanes.Load(y, i) * along)) * new Vector<float>(inverse), dy, i);
        }
    }

    private static void ForwardCpu(CpuDevice cpu, Tensor x, Tensor? weight, Tensor? bias, Tensor y, float eps)
    {
        int channels = x.Shape[^1];
        (Elements source, Elements target) = (new(x), new(y));
        Elements? scale = weight is null ? null : new Elements(weight);
        Elements? shift = bias is null ? null : new Elements(bias);
        Chunks.Rows(cpu, x.Shape.Rows, channels, 4 * channels, (first, count, scratch) =>
        {
            ReadOnlySpan<float> w = scale is { } factors ? factors.Read(0, channels, scratch) : [];
            ReadOnlySpan<float> b = shift is { } terms ? terms.Read(0, channels, scratch[channels..]) : [];
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[(2 * channels)..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(3 * channels)..]);
                Normalise(values, result, eps);
                Affine(result, w, b);
                target.Commit(row * channels, result);
            }
        });
    }

    private static void Affine(Span<float> y, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias)
    {
        if (weight.IsEmpty && bias.IsEmpty)
        {
            return;
        }

        for (int i = 0; i < y.Length; i += Lanes.Width)
        {
            Vector<float> value = Lanes.Load(y, i);
            value = weight.IsEmpty ? value : value * Lanes.Load(weight, i);
            Lanes.Store(bias.IsEmpty ? value : value + Lanes.Load(bias, i), y, i);
        }
    }

    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor x, Tensor? weight, Tensor? bias, float eps)
    {
        (Tensor? dx, Tensor? dweight, Tensor? dbias) = (Gradients.New(pass, x), Gradients.New(pass, weight), Gradients.New(pass, bias));
        if (pass.Device is CudaDevice cuda)
        {
            dx = Gradients.Like(pass, x);
            new NormGradient(pass, cuda, dy, x, weight, 1, eps).Run("layer_norm", "layer_norm_backward", call => Define(call, x, weight, bias), dx, dweight, dbias);
            return [dx, dweight, dbias];
        }

        int channels = x.Shape[^1];
        (Elements grads, Elements source) = (new(dy), new(x));
        Elements? target = dx is null ? null : new Elements(dx), scale = weight is null ? null : new Elements(weight);
        ColumnSums.Run(Check.Cpu(Op, pass.Device), 1, x.Shape.Rows, channels, 5 * channels, (first, count, scratch, sums) =>
        {
            ReadOnlySpan<float> w = scale is { } factors ? factors.Read(0, channels, scratch) : [];
            Span<float> normal = scratch.Slice(3 * channels, channels);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> g = grads.Read(row * channels, channels, scratch[channels..]);
                float inverse = Normalise(source.Read(row * channels, channels, scratch[(2 * channels)..]), normal, eps);
                Lanes.AddProduct(sums[..channels], g, normal);
                Lanes.Add(sums[channels..], g);
                if (target is { } place)
                {
                    Span<float> result = place.Target(row * channels, channels, scratch[(4 * channels)..]);
                    g.CopyTo(result);
                    Affine(result, w, []);
                    NormaliseBackward(result, normal, inverse);
                    place.Commit(row * channels, result);
                }
            }
        }, dweight, dbias);
        return [dx, dweight, dbias];
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor? weight, Tensor? bias, Tensor y, float eps) =>
        Define(new KernelCall(cuda, "layer_norm"), x, weight, bias)
            .Pointer(y).Pointer(x).Pointer(weight).Pointer(bias).Long(x.Shape.Rows).Int(x.Shape[^1]).Float(eps)
            .RunRows("layer_norm_forward", x.Shape.Rows, x.Shape[^1], KernelPlan.Width(x.Shape[^1], y, x, weight, bias));

    private static KernelCall Define(KernelCall call, Tensor x, Tensor? weight, Tensor? bias) =>
        call.Define("RF_T", x.DType).Define("RF_W", (weight ?? x).DType).Define("RF_B", (bias ?? x).DType);
}
