using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Softmax over the last dimension.</summary>
public static class Softmax
{
    private const string Op = "softmax";

    /// <summary>Computes <c>y_i = exp(x_i - max x) / sum_j exp(x_j - max x)</c>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    public static Tensor Forward(Pass pass, Tensor x)
    {
        Check.RankAtLeast(Op, x, 1, "[..., C]");
        Check.Activation(Op, x);
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x], [y], (back, dy) => [Backward(back, dy, y)]);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, x, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        int channels = x.Shape[^1];
        (Elements source, Elements target) = (new(x), new(y));
        Chunks.Rows(cpu, x.Shape.Rows, channels, 2 * channels, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch);
                Span<float> result = target.Target(row * channels, channels, scratch[channels..]);
                Row(values, result);
                target.Commit(row * channels, result);
            }
        });
        return y;
    }

    // dx = y (dy - sum(dy y)); rounded weights do not add up to 1, so their sum is divided by.
    private static Tensor Backward(Pass pass, Tensor dy, Tensor y)
    {
        Tensor dx = pass.New(y.Shape, y.DType);
        int channels = y.Shape[^1];
        if (pass.Device is CudaDevice cuda)
        {
            new KernelCall(cuda, "softmax").Define("RF_T", y.DType).Pointer(dx).Pointer(dy).Pointer(y).Long(y.Shape.Rows).Int(channels)
                .RunRows("softmax_backward", y.Shape.Rows, channels, KernelPlan.Width(channels, dx, dy, y));
            return dx;
        }

        (Elements grads, Elements source, Elements target) = (new(dy), new(y), new(dx));
        Chunks.Rows(Check.Cpu(Op, pass.Device), y.Shape.Rows, channels, 3 * channels, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> g = grads.Read(row * channels, channels, scratch);
                ReadOnlySpan<float> weights = source.Read(row * channels, channels, scratch[channels..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(2 * channels)..]);
                Vector<float> mean = new((float)(Lanes.Dot(g, weights) / Lanes.Sum(weights)));
                for (int i = 0; i < channels; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(weights, i) * (Lanes.Load(g, i) - mean), result, i);
                }

                target.Commit(row * channels, result);
            }
        });
        return dx;
    }

    private static void Row(ReadOnlySpan<float> x, Span<float> y)
    {
        Vector<float> largest = new(Largest(x));
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store(VectorMath.Exp(Lanes.Load(x, i) - largest), y, i);
        }

        Vector<float> inverse = new((float)(1 / Lanes.Sum(y)));
        for (int i = 0; i < y.Length; i += Lanes.Width)
        {
            Lanes.Store(Lanes.Load(y, i) * inverse, y, i);
        }
    }

    private static float Largest(ReadOnlySpan<float> x)
    {
        float largest = x[0];
        int i = 0;
        if (x.Length >= Lanes.Width)
        {
            Vector<float> lanes = Lanes.Load(x, 0);
            for (i = Lanes.Width; i <= x.Length - Lanes.Width; i += Lanes.Width)
            {
                lanes = Vector.Max(lanes, Lanes.Load(x, i));
            }

            for (int lane = 0; lane < Lanes.Width; lane++)
            {
                largest = MathF.Max(largest, lanes[lane]);
            }
        }

        for (; i < x.Length; i++)
        {
            largest = MathF.Max(largest, x[i]);
        }

        return largest;
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor x, Tensor y) =>
        new KernelCall(cuda, "softmax").Define("RF_T", x.DType).Pointer(y).Pointer(x).Long(x.Shape.Rows).Int(x.Shape[^1])
            .RunRows("softmax_forward", x.Shape.Rows, x.Shape[^1], KernelPlan.Width(x.Shape[^1], y, x));
}
