namespace RewardForcing.Native.Generation;

/// <summary>Brings an image to the size of the video, as the reference does before encoding it: bilinear with antialiasing, aspect ratio not kept.</summary>
/// <remarks>
/// The arithmetic of Pillow's <c>Image.resize</c>: a triangle as wide as the scale, weights in fixed point with 22 bits, first along rows,
/// then along columns, each rounded to bytes. Spec: models 5.3.
/// </remarks>
public static class ImageResize
{
    private const int Channels = 3;
    private const int PrecisionBits = 22;

    /// <summary>Resizes one image.</summary>
    /// <param name="rgb24">Pixels, <c>[H, W, 3]</c>.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <returns>Pixels, <c>[newHeight, newWidth, 3]</c>.</returns>
    /// <exception cref="ArgumentException">An extent is not positive, or they do not fit the number of bytes.</exception>
    public static byte[] Bilinear(ReadOnlySpan<byte> rgb24, int height, int width, int newHeight, int newWidth)
    {
        if (height < 1 || width < 1 || newHeight < 1 || newWidth < 1 || rgb24.Length != (long)height * width * Channels)
        {
            throw new ArgumentException($"resize: expected [H, W, 3] bytes and positive extents, got {rgb24.Length} bytes for {height} x {width}, to {newHeight} x {newWidth}.", nameof(rgb24));
        }

        byte[] rows = rgb24.ToArray();
        if (newWidth != width)
        {
            rows = Along(rows, height, width, Channels, newWidth);
        }

        return newHeight == height ? rows : Along(rows, 1, height, newWidth * Channels, newHeight);
    }

    /// <summary>Resizes one image for the networks of image-to-video models: bicubic without antialiasing, in float.</summary>
    /// <param name="rgb24">Pixels, <c>[H, W, 3]</c>.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="newHeight">Rows wanted.</param>
    /// <param name="newWidth">Columns wanted.</param>
    /// <returns>Pixels in -1 to 1, though a cubic may overshoot, <c>[newHeight, newWidth, 3]</c>.</returns>
    /// <exception cref="ArgumentException">An extent is not positive, or they do not fit the number of bytes.</exception>
    /// <remarks>The arithmetic of PyTorch's <c>interpolate(mode="bicubic", align_corners=False)</c>: coefficient -0.75, borders repeated. Spec: models 1.6.</remarks>
    public static float[] Bicubic(ReadOnlySpan<byte> rgb24, int height, int width, int newHeight, int newWidth)
    {
        if (height < 1 || width < 1 || newHeight < 1 || newWidth < 1 || rgb24.Length != (long)height * width * Channels)
        {
            throw new ArgumentException($"resize: expected [H, W, 3] bytes and positive extents, got {rgb24.Length} bytes for {height} x {width}, to {newHeight} x {newWidth}.", nameof(rgb24));
        }

        var pixels = new float[rgb24.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = ((rgb24[i] / 255f) - 0.5f) / 0.5f;
        }

        return CubicAlong(CubicAlong(pixels, height, width, Channels, newWidth), 1, height, newWidth * Channels, newHeight);
    }

    private static float[] CubicAlong(float[] source, int outer, int size, int inner, int newSize)
    {
        if (newSize == size)
        {
            return source;
        }

        var result = new float[outer * newSize * inner];
        float scale = (float)size / newSize;
        Span<float> weights = stackalloc float[4];
        Span<int> taps = stackalloc int[4];
        for (int to = 0; to < newSize; to++)
        {
            float centre = (scale * (to + 0.5f)) - 0.5f;
            int first = (int)MathF.Floor(centre);
            for (int k = 0; k < weights.Length; k++)
            {
                taps[k] = Math.Clamp(first - 1 + k, 0, size - 1);
                weights[k] = Cubic(MathF.Abs(centre - (first - 1 + k)));
            }

            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    float sum = 0;
                    for (int k = 0; k < weights.Length; k++)
                    {
                        sum += weights[k] * source[(((o * size) + taps[k]) * inner) + i];
                    }

                    result[(((o * newSize) + to) * inner) + i] = sum;
                }
            }
        }

        return result;
    }

    // Keys' kernel (1981) at a distance from 0 to 2.
    private static float Cubic(float x)
    {
        const float A = -0.75f;
        return x <= 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1 : ((((((A * x) - (5 * A)) * x) + (8 * A)) * x) - (4 * A));
    }

    // Resamples the middle dimension of [outer, size, inner].
    private static byte[] Along(byte[] source, int outer, int size, int inner, int newSize)
    {
        var result = new byte[outer * newSize * inner];
        double scale = (double)size / newSize;
        double support = Math.Max(scale, 1);
        for (int to = 0; to < newSize; to++)
        {
            double centre = (to + 0.5) * scale;
            int first = Math.Max(0, (int)(centre - support + 0.5));
            int[] weights = Weights(centre, first, Math.Min(size, (int)(centre + support + 0.5)), support);
            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    int sum = 1 << (PrecisionBits - 1);
                    for (int k = 0; k < weights.Length; k++)
                    {
                        sum += weights[k] * source[(((o * size) + first + k) * inner) + i];
                    }

                    result[(((o * newSize) + to) * inner) + i] = (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);
                }
            }
        }

        return result;
    }

    private static int[] Weights(double centre, int first, int end, double support)
    {
        var exact = new double[end - first];
        double sum = 0;
        for (int k = 0; k < exact.Length; k++)
        {
            exact[k] = Math.Max(0, 1 - Math.Abs((first + k - centre + 0.5) / support));
            sum += exact[k];
        }

        return Array.ConvertAll(exact, weight => (int)(0.5 + (weight / sum * (1 << PrecisionBits))));
    }
}
