using RewardForcing.Native.Ops;

namespace RewardForcing.Native.KernelLab;

/// <summary>The full decoder of Wan 2.1's VAE on one latent frame of 480 x 832 that has frames before it: four pictures.</summary>
/// <remarks>Widths 384, 384, 192, 96; two doublings in time and space, one in space; residual blocks of two convolutions.</remarks>
internal static class DecoderProjection
{
    private const int Height = 60, Width = 104;

    /// <summary>Frames that are decoded together, and their size.</summary>
    private readonly record struct Place(int Frames, int Scale)
    {
        public int Lines => Height * Scale;

        public int Columns => Width * Scale;

        public double Pixels => (double)Frames * Lines * Columns;
    }

    /// <summary>The calls.</summary>
    /// <param name="kernels">Counts.</param>
    public static IReadOnlyList<ProjectedCall> Calls(CountedKernels kernels)
    {
        (Place first, Place second, Place third, Place whole) = (new(1, 1), new(2, 2), new(4, 4), new(4, 8));
        return
        [
            Convolution(kernels, first, 16, 384, 27, 1), .. Stage(kernels, first, 384, 384, 5), Attention(kernels, first.Pixels),
            Convolution(kernels, first, 384, 768, 3, 1), Upsample(kernels, second, 384, 192),
            .. Stage(kernels, second, 192, 384, 3), Convolution(kernels, second, 384, 768, 3, 1), Upsample(kernels, third, 384, 192),
            .. Stage(kernels, third, 192, 192, 3), Upsample(kernels, whole, 192, 96),
            .. Stage(kernels, whole, 96, 96, 3), kernels.PixelsOf("channel_rms_norm", whole.Pixels, 96, 1), Convolution(kernels, whole, 96, 3, 27, 1),
        ];
    }

    // Residual blocks; the first may widen, and then has a shortcut of its own.
    private static IEnumerable<ProjectedCall> Stage(CountedKernels kernels, Place place, int inputs, int channels, int blocks)
    {
        bool widens = inputs != channels;
        yield return kernels.PixelsOf("channel_rms_norm", place.Pixels, channels, 2 * blocks);
        yield return kernels.PixelsOf("add", place.Pixels, channels, blocks);
        if (widens)
        {
            yield return Convolution(kernels, place, inputs, channels, 27, 1);
            yield return Convolution(kernels, place, inputs, channels, 1, 1);
        }

        yield return Convolution(kernels, place, channels, channels, 27, (2 * blocks) - (widens ? 1 : 0));
        yield return kernels.WeightsOf(27.0 * channels * channels, 2 * blocks);
    }

    private static ProjectedCall Convolution(CountedKernels kernels, Place place, int channels, int outputs, int taps, int calls)
    {
        var tile = HopperConvolution.For(channels, outputs);
        double blocks = place.Frames * Ceiling(place.Lines, HopperConvolution.TileLines) * Ceiling(place.Columns, HopperConvolution.TileWidth) * Ceiling(outputs, tile.TileColumns);
        return ProjectedCall.OfTiles(
            "causal_conv3d", Sizes(place, channels, outputs, taps), kernels.Convolution(tile), taps * Ceiling(channels, tile.Slice) * tile.Slice, blocks, ProjectedCall.WarpgroupShare,
            2 * place.Pixels * channels * outputs * taps, Bytes(place.Pixels * channels, place.Pixels * outputs, taps, channels, outputs), calls);
    }

    private static ProjectedCall Upsample(CountedKernels kernels, Place place, int channels, int outputs)
    {
        // As ProductLaunch chooses for many pixels.
        int columns = outputs % 128 == 0 ? 128 : outputs % 96 == 0 ? 96 : 64;
        return ProjectedCall.OfTiles(
            "upsample_conv2d", Sizes(place, channels, outputs, 9), kernels.Upsample(columns), 9 * channels,
            Ceiling(place.Pixels, CountedKernels.TileRows) * Ceiling(outputs, columns), ProjectedCall.MatrixShare, 2 * place.Pixels * channels * outputs * 9,
            Bytes(place.Pixels / 4 * channels, place.Pixels * outputs, 9, channels, outputs), 1);
    }

    private static ProjectedCall Attention(CountedKernels kernels, double pixels) => ProjectedCall.OfTiles(
        "attention", $"{pixels:0} pixels, one head of 384", kernels.WideAttention, pixels, Ceiling(pixels, 64) * 2, ProjectedCall.MatrixShare,
        4 * pixels * pixels * 384, 8 * pixels * 384, 1);

    private static string Sizes(Place place, int channels, int outputs, int taps) => $"{place.Pixels:0} pixels, {channels} to {outputs}, {taps} taps";

    private static double Bytes(double read, double written, int taps, int channels, int outputs) => 2 * (read + written + ((double)taps * channels * outputs));

    private static double Ceiling(double extent, double tile) => Math.Ceiling(extent / tile);
}
