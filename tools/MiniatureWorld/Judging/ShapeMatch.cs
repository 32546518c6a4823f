namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Lays the objects of many frames over each other by their centres and finds the shape they overlap with best.</summary>
internal sealed class ShapeMatch
{
    private const int Reach = 20;
    private const int Width = (2 * Reach) + 1;
    private const int MostBlurs = 3;
    private static readonly double[] _scales = [0.85, 0.9, 0.95, 1, 1.05];
    private readonly double[] _sum = new double[Width * Width];
    private int _count;

    /// <summary>Adds a mask.</summary>
    /// <param name="mask">Shares, <c>[H, W]</c>.</param>
    /// <param name="centreX">Its centre, from the left.</param>
    /// <param name="centreY">Its centre, from the top.</param>
    public void Add(ReadOnlySpan<float> mask, double centreX, double centreY)
    {
        _count++;
        for (int row = 0; row < Width; row++)
        {
            for (int column = 0; column < Width; column++)
            {
                _sum[(row * Width) + column] += Sample(mask, centreX + column - Reach - 0.5, centreY + row - Reach - 0.5);
            }
        }
    }

    /// <summary>
    /// The shape whose picture has the largest intersection over union, at the best of a few sizes around that of the same area and the best of a few
    /// blurs: what a video loses of its edges says nothing about the shape.
    /// </summary>
    public (SceneShape Shape, double Fit) Best() => Enum.GetValues<SceneShape>().Select(shape => (shape, Fit(shape))).MaxBy(static pair => pair.Item2);

    private double Fit(SceneShape shape)
    {
        double[] seen = [.. _sum.Select(value => value / Math.Max(1, _count))];
        double radius = Math.Sqrt(seen.Sum() / ScenePainter.UnitArea(shape)), best = 0;
        foreach (double scale in _scales)
        {
            double[] picture = Picture(shape, radius * scale);
            for (int blur = 0; blur <= MostBlurs; blur++)
            {
                best = Math.Max(best, Overlap(seen, picture));
                picture = Blurred(picture);
            }
        }

        return best;
    }

    private static double[] Picture(SceneShape shape, double radius)
    {
        double[] picture = new double[Width * Width];
        for (int i = 0; i < picture.Length; i++)
        {
            picture[i] = Math.Clamp(0.5 - ScenePainter.Distance(shape, (i % Width) - Reach, (i / Width) - Reach, radius), 0, 1);
        }

        return picture;
    }

    // Two boxes of three pixels in each direction are nearly a Gaussian.
    private static double[] Blurred(double[] picture)
    {
        double[] rows = new double[picture.Length], both = new double[picture.Length];
        for (int i = 0; i < picture.Length; i++)
        {
            rows[i] = Weighted(picture, i, i % Width, 1);
        }

        for (int i = 0; i < picture.Length; i++)
        {
            both[i] = Weighted(rows, i, i / Width, Width);
        }

        return both;

        static double Weighted(double[] values, int at, int place, int step)
        {
            double sum = 3 * values[at];
            for (int far = 1; far <= 2; far++)
            {
                sum += (3 - far) * ((place >= far ? values[at - (far * step)] : 0) + (place + far < Width ? values[at + (far * step)] : 0));
            }

            return sum / 9;
        }
    }

    // Shares that a mask counts as none are none in the picture too.
    private static double Overlap(double[] seen, double[] picture)
    {
        double common = 0, either = 0;
        for (int i = 0; i < seen.Length; i++)
        {
            double cover = picture[i] < SceneMask.LeastCover ? 0 : picture[i];
            common += Math.Min(seen[i], cover);
            either += Math.Max(seen[i], cover);
        }

        return either > 0 ? common / either : 0;
    }

    private static double Sample(ReadOnlySpan<float> mask, double x, double y)
    {
        double left = Math.Floor(x), top = Math.Floor(y);
        double alongX = x - left, alongY = y - top;
        return ((1 - alongY) * (((1 - alongX) * At(mask, left, top)) + (alongX * At(mask, left + 1, top))))
            + (alongY * (((1 - alongX) * At(mask, left, top + 1)) + (alongX * At(mask, left + 1, top + 1))));
    }

    private static double At(ReadOnlySpan<float> mask, double x, double y)
    {
        int column = (((int)x % Scene.Size) + Scene.Size) % Scene.Size, row = (((int)y % Scene.Size) + Scene.Size) % Scene.Size;
        return mask[(row * Scene.Size) + column];
    }
}
