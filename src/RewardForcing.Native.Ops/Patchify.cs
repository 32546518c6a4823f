using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Cuts latents into 1 x 2 x 2 patches.</summary>
public static class Patchify
{
    private const string Op = "patchify";

    /// <summary>Gathers patches into rows; a <see cref="Linear"/> with the patch-embedding weight then gives tokens.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Latents, <c>[B, C, F, H, W]</c>, H and W even.</param>
    /// <returns><c>[B, F·H/2·W/2, C·4]</c>: tokens frame-major, then rows, then columns; inside a row the order is (channel, dy, dx), dx fastest.</returns>
    /// <exception cref="ArgumentException">H or W is odd.</exception>
    /// <remarks>Spec: models 1.4(2).</remarks>
    public static Tensor Forward(Pass pass, Tensor x)
    {
        Check.Rank(Op, x, 5, "[B, C, F, H, W]");
        Check.That(x.Shape[3] % 2 == 0 && x.Shape[4] % 2 == 0, Op, $"height and width must be even, got x {x.Shape}.");
        (int batch, int channels, int frames, int height, int width) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3] / 2, x.Shape[4] / 2);
        Tensor y = pass.New(new Shape(batch, checked(frames * height * width), 4 * channels), x.DType);
        long row = 2L * width;
        long frame = 2 * height * row;
        long channel = frames * frame;

        // [B, F, h, w, C, dy, dx] of [B, C, F, h, dy, w, dx].
        StridedCopy.Run(
            Op, x, y, [batch, frames, height, width, channels, 2, 2], [channels * channel, frame, 2 * row, 2, channel, row, 1]);
        Shape shape = x.Shape;
        pass.Record(y, [x], [], (back, dy) => [Backward(back, dy, shape)]);
        return y;
    }

    // Every element of x goes to one place, so dx takes it from there.
    private static Tensor Backward(Pass back, Tensor dy, Shape shape)
    {
        (int batch, int channels, int frames, int height, int width) = (shape[0], shape[1], shape[2], shape[3] / 2, shape[4] / 2);
        Tensor dx = back.New(shape, dy.DType);
        long token = 4L * channels;
        long row = width * token;
        long frame = height * row;

        // [B, C, F, h, dy, w, dx] of [B, F, h, w, C, dy, dx].
        StridedCopy.Run(Op, dy, dx, [batch, channels, frames, height, 2, width, 2], [frames * frame, 4, frame, row, 2, token, 1]);
        return dx;
    }
}
