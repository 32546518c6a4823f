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
        pass.RequireNoGrad(Op, x);
        (int height, int width, int channels) = (x.Shape[^3], x.Shape[^2], x.Shape[^1]);
        Tensor y = pass.New(x.Shape.With(^3, checked(2 * height)).With(^2, checked(2 * width)), x.DType);
        long row = (long)width * channels;
        int images = height * row == 0 ? 0 : checked((int)(x.Count / (height * row)));
        StridedCopy.Run(Op, x, y, [images, height, 2, width, 2, channels], [height * row, row, 0, channels, 0, 1]);
        return y;
    }
}
