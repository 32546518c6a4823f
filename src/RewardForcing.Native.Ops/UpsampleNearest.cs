using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Nearest-neighbour doubling of height and width.</summary>
public static class UpsampleNearest
{
    private const string Op = "upsample_nearest";

    /// <summary>Repeats every pixel twice in both directions.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., H, W, C]</c>.</param>
    /// <returns><c>[..., 2H, 2W, C]</c>.</returns>
    public static Tensor Forward(Pass pass, Tensor x)
    {
        Check.RankAtLeast(Op, x, 3, "[..., H, W, C]");
        (int height, int width, int channels) = (x.Shape[^3], x.Shape[^2], x.Shape[^1]);
        Tensor y = pass.New(x.Shape.With(^3, checked(2 * height)).With(^2, checked(2 * width)), x.DType);
        long row = (long)width * channels;
        int images = height * row == 0 ? 0 : checked((int)(x.Count / (height * row)));
        StridedCopy.Run(Op, x, y, [images, height, 2, width, 2, channels], [height * row, row, 0, channels, 0, 1]);
        Shape shape = x.Shape;
        pass.Record(y, [x], [], (back, dy) => [Backward(back, dy, shape)]);
        return y;
    }

    // dx is the sum of the four pixels that x became: dx[h, w] = (dy[2h, 2w] + dy[2h, 2w + 1]) + (dy[2h + 1, 2w] + dy[2h + 1, 2w + 1]).
    private static Tensor Backward(Pass back, Tensor dy, Shape shape)
    {
        Tensor dx = back.New(shape, dy.DType);
        if (dx.Count == 0)
        {
            return dx;
        }

        if (back.Device is CudaDevice cuda)
        {
            new KernelCall(cuda, "upsample_nearest").Define("RF_T", dx.DType).Pointer(dx).Pointer(dy).Long(dx.Count).Long((long)dx.Shape[^2] * dx.Shape[^1])
                .Int(dx.Shape[^1]).RunFlat("upsample_nearest_backward", dx.Count, KernelPlan.Width(dx.Shape[^1], dx, dy));
            return dx;
        }

        BackwardCpu(Check.Cpu(Op, back.Device), dy, dx);
        return dx;
    }

    private static void BackwardCpu(CpuDevice cpu, Tensor dy, Tensor dx)
    {
        (int width, int channels) = (dx.Shape[^2], dx.Shape[^1]);
        int wide = 2 * width * channels;
        (Elements source, Elements target) = (new(dy), new(dx));
        Chunks.Rows(cpu, dx.Count / (width * channels), 3 * wide, (2 * wide) + (width * channels), (first, count, scratch) =>
        {
            for (long line = first; line < first + count; line++)
            {
                ReadOnlySpan<float> upper = source.Read(2 * line * wide, wide, scratch);
                ReadOnlySpan<float> lower = source.Read(((2 * line) + 1) * wide, wide, scratch[wide..]);
                Span<float> sums = target.Target(line * width * channels, width * channels, scratch[(2 * wide)..]);
                for (int column = 0; column < width; column++)
                {
                    int at = 2 * column * channels;
                    Fold(upper.Slice(at, 2 * channels), lower.Slice(at, 2 * channels), sums.Slice(column * channels, channels));
                }

                target.Commit(line * width * channels, sums);
            }
        });
    }

    private static void Fold(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, Span<float> sums)
    {
        ReadOnlySpan<float> right = upper[sums.Length..], lowerRight = lower[sums.Length..];
        for (int i = 0; i < sums.Length; i += Lanes.Width)
        {
            Lanes.Store((Lanes.Load(upper, i) + Lanes.Load(right, i)) + (Lanes.Load(lower, i) + Lanes.Load(lowerRight, i)), sums, i);
        }
    }
}
