namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Tells an object from its field by colour.</summary>
internal static class SceneMask
{
    /// <summary>Bytes of a frame.</summary>
    public const int FrameBytes = Scene.Size * Scene.Size * 3;

    /// <summary>Smaller shares of an object count as none.</summary>
    public const double LeastCover = 0.3;

    private const double CoreShare = 0.4;

    /// <summary>Median of each channel over all pixels: the field, as no object covers half a frame.</summary>
    /// <param name="rgb24">Frames.</param>
    public static double[] Median(ReadOnlySpan<byte> rgb24)
    {
        double[] median = new double[3];
        for (int channel = 0; channel < 3; channel++)
        {
            int[] counts = new int[256];
            for (int i = channel; i < rgb24.Length; i += 3)
            {
                counts[rgb24[i]]++;
            }

            int seen = 0, value = -1;
            while (seen * 2 < rgb24.Length / 3)
            {
                seen += counts[++value];
            }

            median[channel] = value;
        }

        return median;
    }

    /// <summary>Mean colour of the pixels that differ most from the field, over all frames; null if there are too few.</summary>
    /// <param name="rgb24">Frames.</param>
    /// <param name="field">From <see cref="Median"/>.</param>
    /// <param name="leastContrast">Least distance of a colour, 0 to 441.</param>
    public static double[]? ObjectColour(ReadOnlySpan<byte> rgb24, double[] field, double leastContrast)
    {
        List<(double Distance, int At)> far = [];
        for (int i = 0; i < rgb24.Length; i += 3)
        {
            double distance = Math.Sqrt(Square(rgb24[i] - field[0]) + Square(rgb24[i + 1] - field[1]) + Square(rgb24[i + 2] - field[2]));
            if (distance > leastContrast)
            {
                far.Add((distance, i));
            }
        }

        int frames = rgb24.Length / FrameBytes;
        if (far.Count < 20 * frames)
        {
            return null;
        }

        // The nearer part is edges; of the farther part, the very farthest may be specks.
        far.Sort(static (left, right) => right.Distance.CompareTo(left.Distance));
        double[] sum = new double[3];
        int from = far.Count / 20, to = from + Math.Max(1, (int)(far.Count * CoreShare));
        for (int i = from; i < to; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                sum[channel] += rgb24[far[i].At + channel];
            }
        }

        return [.. sum.Select(value => value / (to - from))];
    }

    /// <summary>How far each pixel is on the way from the field's colour to the object's, 0 to 1; small shares count as none.</summary>
    /// <param name="mask">Takes the shares, <c>[H, W]</c>.</param>
    /// <param name="rgb24">One frame.</param>
    /// <param name="field">Colour of the field.</param>
    /// <param name="painted">Colour of the object.</param>
    /// <returns>Their sum.</returns>
    public static double Fill(Span<float> mask, ReadOnlySpan<byte> rgb24, double[] field, double[] painted)
    {
        double red = painted[0] - field[0], green = painted[1] - field[1], blue = painted[2] - field[2];
        double length = Square(red) + Square(green) + Square(blue);
        double sum = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            double share = (((rgb24[3 * i] - field[0]) * red) + ((rgb24[(3 * i) + 1] - field[1]) * green) + ((rgb24[(3 * i) + 2] - field[2]) * blue)) / length;
            mask[i] = share < LeastCover ? 0 : (float)Math.Min(1, share);
            sum += mask[i];
        }

        return sum;
    }

    /// <summary>Centre of a mask on the torus: the circular mean of columns and of rows.</summary>
    /// <param name="mask">Shares, <c>[H, W]</c>.</param>
    public static (double X, double Y) Centroid(ReadOnlySpan<float> mask)
    {
        const double Turn = 2 * Math.PI / Scene.Size;
        (double cosX, double sinX, double cosY, double sinY) = (0, 0, 0, 0);
        for (int y = 0; y < Scene.Size; y++)
        {
            for (int x = 0; x < Scene.Size; x++)
            {
                float share = mask[(y * Scene.Size) + x];
                if (share > 0)
                {
                    cosX += share * Math.Cos(Turn * (x + 0.5));
                    sinX += share * Math.Sin(Turn * (x + 0.5));
                    cosY += share * Math.Cos(Turn * (y + 0.5));
                    sinY += share * Math.Sin(Turn * (y + 0.5));
                }
            }
        }

        return (Place(sinX, cosX), Place(sinY, cosY));

        static double Place(double sine, double cosine)
        {
            double angle = Math.Atan2(sine, cosine);
            return (angle < 0 ? angle + (2 * Math.PI) : angle) / Turn;
        }
    }

    private static double Square(double value) => value * value;
}
