using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Puts the output rows of the head back into latents.</summary>
public static class Unpatchify
{
    private const string Op = "unpatchify";

    /// <summary>Scatters rows into frames; inside a row the order is (dy, dx, channel), channel fastest.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="tokens">Head output, <c>[B, F·h·w, 4·C]</c>.</param>
    /// <param name="frames">Latent frames F.</param>
    /// <param name="height">Rows h of the token grid.</param>
    /// <param name="width">Columns w of the token grid.</param>
    /// <returns><c>[B, C, F, 2h, 2w]</c>.</returns>
    /// <exception cref="ArgumentException">The number of tokens is not <c>F·h·w</c>.</exception>
    /// <remarks>Spec: models 1.4(11).</remarks>
    public static Tensor Forward(Pass pass, Tensor tokens, int frames, int height, int width)
    {
        Check.Rank(Op, tokens, 3, "[B, F·h·w, 4·C]");
        Check.That(frames >= 0 && height >= 0 && width >= 0, Op, $"frames, height and width must not be negative, got {frames}, {height} and {width}.");
        Check.That(
            (long)frames * height * width == tokens.Shape[1], Op, $"tokens {tokens.Shape} must have {frames} x {height} x {width} rows, got {tokens.Shape[1]}.");
        Check.That(tokens.Shape[2] % 4 == 0, Op, $"the width of tokens {tokens.Shape} must be a multiple of 4, got {tokens.Shape[2]}.");
        (int batch, int channels) = (tokens.Shape[0], tokens.Shape[2] / 4);
        Tensor y = pass.New(new Shape(batch, channels, frames, 2 * height, 2 * width), tokens.DType);
        long token = 4L * channels;
        long row = width * token;
        long frame = height * row;

        // [B, C, F, h, dy, w, dx] of [B, F, h, w, dy, dx, C].
        StridedCopy.Run(
            Op, tokens, y, [batch, channels, frames, height, 2, width, 2], [frames * frame, 1, frame, row, 2L * channels, token, channels]);
        Shape shape = tokens.Shape;
        pass.Record(y, [tokens], [], (back, dy) => [Backward(back, dy, shape)]);
        return y;
    }

    // Every element of tokens goes to one place, so its gradient comes from there.
    private static Tensor Backward(Pass back, Tensor dy, Shape shape)
    {
        (int batch, int channels, int frames, int height, int width) = (dy.Shape[0], dy.Shape[1], dy.Shape[2], dy.Shape[3] / 2, dy.Shape[4] / 2);
        Tensor dtokens = back.New(shape, dy.DType);
        long row = 2L * width;
        long frame = 2 * height * row;
        long channel = frames * frame;

        // [B, F, h, w, dy, dx, C] of [B, C, F, h, dy, w, dx].
        StridedCopy.Run(Op, dy, dtokens, [batch, frames, height, width, 2, 2, channels], [channels * channel, frame, 2 * row, 2, row, 1, channel]);
        return dtokens;
    }
}
