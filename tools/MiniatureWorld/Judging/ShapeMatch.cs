namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Lays the objects of many frames over each other by their centres and finds the shape they overlap with best.</summary>
internal sealed class ShapeMatch
{
    private const int Reach = 20;
    private const int Width = (2 * Reach) + 1;
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

    /// <summary>The shape whose picture of the same area has the largest intersection over union.</summary>
    public (SceneShape Shape, double Fit) Best() => Enum.GetValues<SceneShape>().Select(shape => (shape, Overlap(shape))).MaxBy(static pair => pair.Item2);

    private double Overlap(SceneShape shape)
    {
        double area = _sum.Sum() / Math.Max(1, _count);
        double radius = Math.Sqrt(area / ScenePainter.UnitArea(shape));
        double common = 0, either = 0;
        for (int i = 0; i < _sum.Length; i++)
        {
            double share = _sum[i] / Math.Max(1, _count);
            double cover = Math.Clamp(0.5 - ScenePainter.Distance(shape, (i % Width) - Reach, (i / Width) - Reach, radius), 0, 1);
            common += Math.Min(share, cover);
            either += Math.Max(share, cover);
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
