namespace RewardForcing.Native.KernelLab;

/// <summary>The full decoder of Wan 2.1's VAE on one latent frame of 480 x 832 that has frames before it: four pictures.</summary>
/// <remarks>Widths 384, 384, 192, 96; two doublings in time and space, one in space; residual blocks of two convolutions.</remarks>
internal static class DecoderProjection
{
    private const int Height = 60, Width = 104;

    /// <summary>The calls.</summary>
    /// <param name="kernels">Counts.</param>
    public static IReadOnlyList<ProjectedCall> Calls(CountedKernels kernels) =>
    [
        Convolution(kernels, Pixels(1, 1), 16, 384, 27, 1), .. Stage(kernels, Pixels(1, 1), 384, 384, 5), Attention(kernels),
        Convolution(kernels, Pixels(1, 1), 384, 768, 3, 1), Upsample(kernels, Pixels(2, 2), 384, 192),
        .. Stage(kernels, Pixels(2, 2), 192, 384, 3), Convolution(kernels, Pixels(2, 2), 384, 768, 3, 1), Upsample(kernels, Pixels(4, 4), 384, 192),
        .. Stage(kernels, Pixels(4, 4), 192, 192, 3), Upsample(kernels, Pixels(4, 8), 192, 96),
        .. Stage(kernels, Pixels(4, 8), 96, 96, 3), kernels.PixelsOf("channel_rms_norm", Pixels(4, 8), 96, 1), Convolution(kernels, Pixels(4, 8), 96, 3, 27, 1),
    ];

    private static double Pixels(int frames, int scale) => (double)frames * Height * scale * Width * scale;

    // Residual blocks; the first may widen, and then has a shortcut of its own.
    private static IEnumerable<ProjectedCall> Stage(CountedKernels kernels, double pixels, int inputs, int channels, int blocks)
    {
        bool widens = inputs != channels;
        yield return kernels.PixelsOf("channel_rms_norm", pixels, channels, 2 * blocks);
        yield return kernels.PixelsOf("add", pixels, channels, blocks);
        if (widens)
        {
            yield return Convolution(kernels, pixels, inputs, channels, 27, 1);
            yield return Convolution(kernels, pixels, inputs, channels, 1, 1);
        }

        yield return Convolution(kernels, pixels, channels, channels, 27, (2 * blocks) - (widens ? 1 : 0));
        yield return ProjectedCall.OfCopy("weights, channels to the end", 2.0 * 27 * channels * channels, 2 * blocks);
    }

    private static ProjectedCall Convolution(CountedKernels kernels, double pixels, int channels, int outputs, int taps, int calls)
    {
        int columns = Columns(outputs);
        return Product("causal_conv3d", kernels.Convolution(columns), columns, pixels, channels, outputs, taps, pixels, calls);
    }

    private static ProjectedCall Upsample(CountedKernels kernels, double pixels, int channels, int outputs)
    {
        int columns = Columns(outputs);
        return Product("upsample_conv2d", kernels.Upsample(columns), columns, pixels, channels, outputs, 9, pixels / 4, 1);
    }

    private static ProjectedCall Product(
        string kernel, BlockCost cost, int columns, double pixels, int channels, int outputs, int taps, double read, int calls) => ProjectedCall.OfTiles(
        kernel, $"{pixels:0} pixels, {channels} to {outputs}, {taps} taps", cost, taps * channels,
        Math.Ceiling(pixels / CountedKernels.TileRows) * Math.Ceiling((double)outputs / columns), ProjectedCall.MatrixShare, 2 * pixels * channels * outputs * taps,
        2 * ((read * channels) + (pixels * outputs) + ((double)taps * channels * outputs)), calls);

    private static ProjectedCall Attention(CountedKernels kernels)
    {
        double pixels = Pixels(1, 1);
        return ProjectedCall.OfTiles(
            "attention", $"{pixels:0} pixels, one head of 384", kernels.WideAttention, pixels, Math.Ceiling(pixels / 64) * 2, ProjectedCall.MatrixShare,
            4 * pixels * pixels * 384, 8 * pixels * 384, 1);
    }

    // As ProductLaunch chooses for many pixels.
    private static int Columns(int outputs) => outputs % 128 == 0 ? 128 : outputs % 96 == 0 ? 96 : 64;
}
