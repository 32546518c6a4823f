namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Finds in a video what a prompt of this world speaks of, by measuring: medians, centroids and overlaps, nothing learnt.</summary>
/// <remarks>Works at the size the world is painted in; of the prompt it knows nothing.</remarks>
internal static class SceneJudge
{
    private const double LeastContrast = 50;
    private const double LeastShare = 0.015;
    private const double MostShare = 0.25;
    private const double LeastStep = 0.12;
    private const double ShareOfFrames = 0.7;
    private const double ShareOfTurn = 0.08;

    /// <summary>Looks at a video.</summary>
    /// <param name="rgb24">Its frames, <c>[F, 64, 64, 3]</c>.</param>
    /// <exception cref="ArgumentException">There are not two whole frames.</exception>
    public static Verdict Look(ReadOnlySpan<byte> rgb24)
    {
        int frames = rgb24.Length / SceneMask.FrameBytes;
        if (frames < 2 || rgb24.Length % SceneMask.FrameBytes != 0)
        {
            throw new ArgumentException($"judge: expected two frames of {Scene.Size} x {Scene.Size} pixels or more, got {rgb24.Length:N0} bytes.", nameof(rgb24));
        }

        double[] field = SceneMask.Median(rgb24);
        SceneColour fieldColour = SceneColour.Nearest(SceneColour.Fields, field[0], field[1], field[2]);
        SceneDirection? pan = PatternMotion.Pan(rgb24, field);
        if (SceneMask.ObjectColour(rgb24, field, LeastContrast) is not { } painted)
        {
            return new Verdict(null, null, fieldColour, null, 0, false, pan, 0, 0);
        }

        List<(int Frame, double X, double Y)> path = [];
        ShapeMatch match = new();
        float[] mask = new float[Scene.Size * Scene.Size];
        for (int frame = 0; frame < frames; frame++)
        {
            double area = SceneMask.Fill(mask, rgb24.Slice(frame * SceneMask.FrameBytes, SceneMask.FrameBytes), field, painted);
            if (area / mask.Length is >= LeastShare and <= MostShare)
            {
                (double x, double y) = SceneMask.Centroid(mask);
                path.Add((frame, x, y));
                match.Add(mask, x, y);
            }
        }

        double present = path.Count / (double)frames;
        if (present < ShareOfFrames)
        {
            return new Verdict(null, null, fieldColour, null, 0, false, pan, 0, present);
        }

        (SceneShape shape, double fit) = match.Best();
        (SceneDirection? direction, double step, bool bounces) = Motion(path);
        return new Verdict(shape, SceneColour.Nearest(SceneColour.Objects, painted[0], painted[1], painted[2]), fieldColour, direction, step, bounces, pan, fit, present);
    }

    private static (SceneDirection? Direction, double Step, bool Bounces) Motion(List<(int Frame, double X, double Y)> path)
    {
        List<double> horizontal = [], vertical = [];
        for (int i = 1; i < path.Count; i++)
        {
            if (path[i].Frame == path[i - 1].Frame + 1)
            {
                horizontal.Add(Wrapped(path[i].X - path[i - 1].X));
                vertical.Add(Wrapped(path[i].Y - path[i - 1].Y));
            }
        }

        double across = horizontal.Sum(Math.Abs), down = vertical.Sum(Math.Abs);
        List<double> main = across >= down ? horizontal : vertical;
        double step = Median([.. main.Select(Math.Abs)]);
        if (step < LeastStep)
        {
            return (null, step, false);
        }

        // What turns round at once is judged by its first steps, everything else by most of them.
        int backward = main.Count(static way => way < 0), forward = main.Count(static way => way > 0);
        bool bounces = Math.Min(backward, forward) >= Math.Max(2, ShareOfTurn * main.Count) && Turns(main) <= 1 + (main.Count / 8);
        double way = bounces ? main.Take(3).Sum() : forward - backward;
        SceneDirection direction = across >= down
            ? way < 0 ? SceneDirection.Left : SceneDirection.Right
            : way < 0 ? SceneDirection.Up : SceneDirection.Down;
        return (direction, step, bounces);
    }

    // Something that trembles turns round all the time; something that bounces, rarely.
    private static int Turns(List<double> ways)
    {
        int turns = 0, sign = 0;
        foreach (double way in ways.Where(static way => Math.Abs(way) > LeastStep))
        {
            turns += sign != 0 && Math.Sign(way) != sign ? 1 : 0;
            sign = Math.Sign(way);
        }

        return turns;
    }

    private static double Wrapped(double offset) => offset - (Scene.Size * Math.Round(offset / Scene.Size));

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? 0 : values[values.Length / 2];
    }
}
