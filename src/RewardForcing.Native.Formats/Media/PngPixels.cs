namespace RewardForcing.Native.Formats;

/// <summary>Turns the samples of a row into RGB.</summary>
/// <remarks>PNG specification, sections 7.2 and 13.12: small depths are spread evenly over 0 to 255.</remarks>
internal static class PngPixels
{
    /// <summary>Expands one row of one pass.</summary>
    /// <param name="row">Restored samples.</param>
    /// <param name="columns">Pixels in the row.</param>
    /// <param name="layout">Colour type, depth and palette.</param>
    /// <param name="rgb24">The picture from the row's first pixel on.</param>
    /// <param name="step">Bytes from one pixel of the row to the next.</param>
    /// <param name="file">For messages.</param>
    public static void Expand(ReadOnlySpan<byte> row, int columns, PngLayout layout, Span<byte> rgb24, int step, string file)
    {
        PngHeader header = layout.Header;
        bool isColour = header.ColourType is PngHeader.Rgb or PngHeader.RgbAlpha;
        int scale = header.BitDepth < 8 ? 255 / ((1 << header.BitDepth) - 1) : 1;
        for (int column = 0; column < columns; column++)
        {
            Span<byte> pixel = rgb24.Slice(column * step, 3);
            if (isColour)
            {
                int sampleBytes = header.BitDepth / 8;
                int start = column * header.Channels * sampleBytes;
                (pixel[0], pixel[1], pixel[2]) = (row[start], row[start + sampleBytes], row[start + (2 * sampleBytes)]);
            }
            else if (header.ColourType == PngHeader.Palette)
            {
                int index = Sample(row, column, header);
                if (index * 3 >= layout.Palette.Length)
                {
                    throw new ModelFormatException(file, $"uses colour {index} of a palette of {layout.Palette.Length / 3}", "PLTE");
                }

                layout.Palette.AsSpan(index * 3, 3).CopyTo(pixel);
            }
            else
            {
                pixel.Fill((byte)(Sample(row, column, header) * scale));
            }
        }
    }

    // The first sample of a pixel, or its high byte.
    private static int Sample(ReadOnlySpan<byte> row, int column, PngHeader header)
    {
        if (header.BitDepth >= 8)
        {
            return row[column * header.PixelBits / 8];
        }

        int bit = column * header.BitDepth;
        return (row[bit >> 3] >> (8 - header.BitDepth - (bit & 7))) & ((1 << header.BitDepth) - 1);
    }
}
