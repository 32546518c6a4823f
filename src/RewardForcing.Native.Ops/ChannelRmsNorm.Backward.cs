using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class ChannelRmsNorm
{
    // Sums of gamma's gradient that are added up one after the other, and the fewest rows that are worth one.
    private const int MostParts = 512;
    private const int LeastRows = 64;

    // With s = sqrt(C) / max(|x|, 1e-12), u = x s gamma and g = dy * activation'(u): dgamma = sum_rows g x s, and
    // dx = s (g gamma - x (g gamma · x) / |x|²), without the second term where |x| is below the floor.
    private static void Record(Pass pass, Tensor x, Tensor gamma, Activation activation, Tensor y)
    {
        pass.Record(y, [x, gamma], saved: [x, gamma], (back, dy) =>
        {
            Tensor dx = back.New(x.Shape, x.DType), dgamma = back.New(gamma.Shape);
            if (back.Device is CudaDevice cuda)
            {
                BackwardCuda(back, cuda, x, gamma, activation, dy, dx, dgamma);
            }
            else
            {
                BackwardCpu(Check.Cpu(Op, back.Device), x, gamma, activation, dy, dx, dgamma);
            }

            return [dx, dgamma];
        });
    }

    private static void BackwardCpu(CpuDevice cpu, Tensor x, Tensor gamma, Activation activation, Tensor dy, Tensor dx, Tensor dgamma)
    {
        int channels = x.Shape[^1];
        (Elements source, Elements scale, Elements grads, Elements target) = (new(x), new(gamma), new(dy), new(dx));
        ColumnSums.Run(cpu, 1, x.Shape.Rows, channels, 4 * channels, (first, count, scratch, sums) =>
        {
            ReadOnlySpan<float> g = scale.Read(0, channels, scratch);
            Span<float> grad = scratch.Slice(2 * channels, channels);
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * channels, channels, scratch[channels..]);
                Span<float> result = target.Target(row * channels, channels, scratch[(3 * channels)..]);
                grads.Widen(row * channels, grad);
                BackwardRow(values, g, activation, grad, result, sums);
                target.Commit(row * channels, result);
            }
        }, dgamma);
    }

    private static void BackwardCuda(Pass back, CudaDevice cuda, Tensor x, Tensor gamma, Activation activation, Tensor dy, Tensor dx, Tensor dgamma)
    {
        (long rows, int channels) = (x.Shape.Rows, x.Shape[^1]);
        if (x.Count == 0)
        {
            dgamma.Clear();
            return;
        }

        using Scope scope = back.BeginScope();
        RowBlock block = RowBlock.For(channels, KernelPlan.Width(channels, dx, x, dy, gamma));
        long least = (rows + MostParts - 1) / MostParts, each = Math.Max(LeastRows, (least + block.Rows - 1) / block.Rows * block.Rows);
        int parts = KernelPlan.Blocks(rows, each);
        Tensor partial = back.New(new Shape(parts, channels));
        KernelCall Call() => block.Define(new KernelCall(cuda, "channel_rms_norm")).Define("RF_T", x.DType).Define("RF_W", gamma.DType).Define("RF_ACTIVATION", (int)activation);
        Call().Pointer(dx).Pointer(partial).Pointer(dy).Pointer(x).Pointer(gamma).Long(rows).Long(each).Int(channels)
            .Run("channel_rms_norm_backward", new CudaExtent(parts), block.Threads, block.Rows * channels * sizeof(float));
        Call().Pointer(dgamma).Pointer(partial).Int(parts, channels)
            .Run("channel_rms_norm_backward_gamma", new CudaExtent(KernelPlan.Blocks(channels, KernelPlan.Threads)), KernelPlan.Threads);
    }

    // `grad` is that of y and is overwritten; `dx` holds u until its own values are known.
    private static void BackwardRow(ReadOnlySpan<float> x, ReadOnlySpan<float> gamma, Activation activation, Span<float> grad, Span<float> dx, Span<float> dgamma)
    {
        double length = Math.Sqrt(Lanes.SumOfSquares(x));
        double scale = Math.Sqrt(x.Length) / Math.Max(length, Floor);
        Vector<float> s = new((float)scale);
        if (activation != Activation.None)
        {
            for (int i = 0; i < x.Length; i += Lanes.Width)
            {
                Lanes.Store(Lanes.Load(x, i) * s * Lanes.Load(gamma, i), dx, i);
            }

            Activations.MultiplyBySlope(activation, dx, grad);
        }

        (Vector<double> even, Vector<double> odd) = (Vector<double>.Zero, Vector<double>.Zero);
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            (Vector<float> v, Vector<float> g) = (Lanes.Load(x, i), Lanes.Load(grad, i));
            Lanes.Store(Lanes.Load(dgamma, i) + (g * (v * s)), dgamma, i);
            g *= Lanes.Load(gamma, i);
            Lanes.Store(g, grad, i);
            Vector.Widen(v, out Vector<double> low, out Vector<double> high);
            Vector.Widen(g, out Vector<double> lowGrad, out Vector<double> highGrad);
            even += low * lowGrad;
            odd += high * highGrad;
        }

        double along = length > Floor ? Vector.Sum(even + odd) / length / length : 0;
        Vector<float> shrink = new((float)(along * scale));
        for (int i = 0; i < x.Length; i += Lanes.Width)
        {
            Lanes.Store((Lanes.Load(grad, i) * s) - (Lanes.Load(x, i) * shrink), dx, i);
        }
    }
}
