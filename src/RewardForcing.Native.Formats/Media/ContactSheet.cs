namespace RewardForcing.Native.Formats;

/// <summary>Shows frames of a video side by side in one PNG.</summary>
public static class ContactSheet
{
    private const byte Background = 24;

    /// <summary>Writes a sheet. It is whole or not there.</summary>
    /// <param name="path">Target.</param>
    /// <param name="width">Pixels in a row of a frame.</param>
    /// <param name="height">Rows of a frame.</param>
    /// <param name="frames">Each <c>[H, W, 3]</c>, 0 to 255; row by row from the top left.</param>
    /// <param name="columns">Frames side by side; 0 makes the sheet about as wide as it is high.</param>
    /// <param name="gap">Pixels between frames and around them.</param>
    /// <param name="maxSide">Pixels the sheet may be wide or high; frames are made smaller by averaging until it fits.</param>
    /// <exception cref="ArgumentException">There are no frames, one has another size, or a number is out of range.</exception>
    public static void Write(string path, int width, int height, IReadOnlyList<ReadOnlyMemory<byte>> frames, int columns = 0, int gap = 4, int maxSide = 2048)
    {
        Picture sheet = Compose(width, height, frames, columns, gap, maxSide);
        PngWriter.Write(path, sheet.Width, sheet.Height, sheet.Rgb24);
    }

    /// <summary>Numbers of frames spread evenly over a video, the first and the last among them.</summary>
    /// <param name="frames">Frames of the video.</param>
    /// <param name="most">How many to choose at most.</param>
    public static int[] Spread(int frames, int most)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frames);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        int count = Math.Min(frames, most);
        return [.. Enumerable.Range(0, count).Select(i => count == 1 ? 0 : (int)(((long)i * (frames - 1)) / (count - 1)))];
    }

    /// <summary>Arranges frames; as <see cref="Write"/>, without a file.</summary>
    /// <param name="width">Pixels in a row of a frame.</param>
    /// <param name="height">Rows of a frame.</param>
    /// <param name="frames">Each <c>[H, W, 3]</c>, 0 to 255.</param>
    /// <param name="columns">Frames side by side; 0 makes the sheet about as wide as it is high.</param>
    /// <param name="gap">Pixels between frames and around them.</param>
    /// <param name="maxSide">Pixels the sheet may be wide or high.</param>
    /// <exception cref="ArgumentException">There are no frames, one has another size, or a number is out of range.</exception>
    public static Picture Compose(int width, int height, IReadOnlyList<ReadOnlyMemory<byte>> frames, int columns = 0, int gap = 4, int maxSide = 2048)
    {
        PngEncoder.CheckSize(width, height);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        if (frames.Count == 0 || frames.Any(frame => frame.Length != width * height * 3))
        {
            throw new ArgumentException($"frames must be at least one of [{height}, {width}, 3], got {frames.Count} of which one has another size.", nameof(frames));
        }

        columns = columns > 0 ? Math.Min(columns, frames.Count) : Square(frames.Count, width, height);
        int rows = (frames.Count + columns - 1) / columns;
        long freeWidth = maxSide - ((columns + 1L) * gap), freeHeight = maxSide - ((rows + 1L) * gap);
        if (freeWidth < columns || freeHeight < rows)
        {
            throw new ArgumentException($"A sheet of {maxSide} pixels cannot hold {columns} x {rows} frames with gaps of {gap}; choose fewer frames.", nameof(maxSide));
        }

        double scale = Math.Min(1, Math.Min(freeWidth / ((double)columns * width), freeHeight / ((double)rows * height)));
        (int smallWidth, int smallHeight) = (Math.Max(1, (int)(width * scale)), Math.Max(1, (int)(height * scale)));
        (int sheetWidth, int sheetHeight) = ((columns * (smallWidth + gap)) + gap, (rows * (smallHeight + gap)) + gap);
        byte[] sheet = new byte[sheetWidth * sheetHeight * 3];
        Array.Fill(sheet, Background);
        for (int i = 0; i < frames.Count; i++)
        {
            int x = gap + (i % columns * (smallWidth + gap)), y = gap + (i / columns * (smallHeight + gap));
            Place(frames[i].Span, (width, height), sheet.AsSpan(((y * sheetWidth) + x) * 3), (smallWidth, smallHeight), sheetWidth * 3);
        }

        return new Picture(sheetWidth, sheetHeight, sheet);
    }

    private static int Square(int frames, int width, int height)
    {
        return Math.Clamp((int)Math.Round(Math.Sqrt(frames * (double)height / width)), 1, frames);
    }

    // Every pixel of the small frame is the mean of the area it covers; at the same size that is a copy.
    private static void Place(ReadOnlySpan<byte> frame, (int Width, int Height) from, Span<byte> sheet, (int Width, int Height) to, int sheetRow)
    {
        for (int y = 0; y < to.Height; y++)
        {
            for (int x = 0; x < to.Width; x++)
            {
                Span<byte> pixel = sheet.Slice((y * sheetRow) + (x * 3), 3);
                Mean(frame, from, (x * (double)from.Width / to.Width, (x + 1) * (double)from.Width / to.Width), (y * (double)from.Height / to.Height, (y + 1) * (double)from.Height / to.Height), pixel);
            }
        }
    }

    private static void Mean(ReadOnlySpan<byte> frame, (int Width, int Height) size, (double From, double To) x, (double From, double To) y, Span<byte> pixel)
    {
        (double red, double green, double blue, double area) = (0, 0, 0, 0);
        for (int row = (int)y.From; row < y.To && row < size.Height; row++)
        {
            double tall = Math.Min(row + 1, y.To) - Math.Max(row, y.From);
            for (int column = (int)x.From; column < x.To && column < size.Width; column++)
            {
                double weight = tall * (Math.Min(column + 1, x.To) - Math.Max(column, x.From));
                int start = ((row * size.Width) + column) * 3;
                red += weight * frame[start];
                green += weight * frame[start + 1];
                blue += weight * frame[start + 2];
                area += weight;
            }
        }

        (pixel[0], pixel[1], pixel[2]) = ((byte)Math.Round(red / area), (byte)Math.Round(green / area), (byte)Math.Round(blue / area));
    }
}
