namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Paints the frames of a scene: an object with smooth edges over a field with a faint pattern, which shows where the camera goes.</summary>
internal static class ScenePainter
{
    /// <summary>Pixels after which the pattern of the field repeats.</summary>
    public const int Period = 16;

    private const double PatternStrength = 12;

    /// <summary>Distance from the border at which an object turns round.</summary>
    /// <param name="radius">Size of the object.</param>
    public static double Turn(double radius) => radius + 1;

    /// <summary>Paints a clip.</summary>
    /// <param name="scene">What is to be seen.</param>
    /// <param name="frames">Number of frames.</param>
    /// <returns>RGB, 8 bits a channel, <c>[F, H, W, 3]</c>.</returns>
    public static byte[] Paint(Scene scene, int frames)
    {
        byte[] pixels = new byte[frames * Scene.Size * Scene.Size * 3];
        for (int frame = 0; frame < frames; frame++)
        {
            PaintFrame(scene, frame, pixels.AsSpan(frame * Scene.Size * Scene.Size * 3, Scene.Size * Scene.Size * 3));
        }

        return pixels;
    }

    /// <summary>Centre of the object.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="frame">Number of the frame.</param>
    public static (double X, double Y) Centre(Scene scene, int frame)
    {
        (int x, int y) = Unit(scene.Text.Direction);
        return (Along(scene, scene.X, x * scene.Step * frame), Along(scene, scene.Y, y * scene.Step * frame));
    }

    /// <summary>Signed distance to the edge of a shape, negative inside; exact enough within a pixel of the edge.</summary>
    /// <param name="shape">Which shape.</param>
    /// <param name="x">To the right of its centre.</param>
    /// <param name="y">Below its centre.</param>
    /// <param name="radius">Its size.</param>
    public static double Distance(SceneShape shape, double x, double y, double radius) => shape switch
    {
        SceneShape.Circle => Math.Sqrt((x * x) + (y * y)) - radius,
        SceneShape.Square => Box(x, y, 0.86 * radius, 0.86 * radius),
        SceneShape.Triangle => Math.Max(y, (0.5 * Math.Sqrt(3) * Math.Abs(x)) - (0.5 * y)) - (0.62 * radius),
        _ => Math.Min(Box(x, y, radius, 0.34 * radius), Box(x, y, 0.34 * radius, radius)),
    };

    /// <summary>Area of a shape of radius 1.</summary>
    public static double UnitArea(SceneShape shape) => shape switch
    {
        SceneShape.Circle => Math.PI,
        SceneShape.Square => 4 * 0.86 * 0.86,
        SceneShape.Triangle => 3 * Math.Sqrt(3) * 0.62 * 0.62,
        _ => (8 * 0.34) - (4 * 0.34 * 0.34),
    };

    /// <summary>One step to the right and down of a direction.</summary>
    public static (int X, int Y) Unit(SceneDirection direction) => direction switch
    {
        SceneDirection.Left => (-1, 0),
        SceneDirection.Right => (1, 0),
        SceneDirection.Up => (0, -1),
        _ => (0, 1),
    };

    private static void PaintFrame(Scene scene, int frame, Span<byte> rgb24)
    {
        (double centreX, double centreY) = Centre(scene, frame);
        (int panX, int panY) = scene.Text.Pan is { } pan ? Unit(pan) : (0, 0);
        const double Turns = 2 * Math.PI / Period;
        for (int y = 0; y < Scene.Size; y++)
        {
            double row = Math.Cos(Turns * (y + (panY * Scene.PanStep * frame)));
            for (int x = 0; x < Scene.Size; x++)
            {
                double pattern = PatternStrength * row * Math.Cos(Turns * (x + (panX * Scene.PanStep * frame)));
                double distance = Distance(scene.Text.Shape, Wrapped(x + 0.5 - centreX), Wrapped(y + 0.5 - centreY), scene.Radius);
                double cover = Math.Clamp(0.5 - distance, 0, 1);
                Span<byte> pixel = rgb24.Slice(((y * Scene.Size) + x) * 3, 3);
                pixel[0] = Mix(scene.Text.Field.Red + pattern, scene.Text.Colour.Red, cover);
                pixel[1] = Mix(scene.Text.Field.Green + pattern, scene.Text.Colour.Green, cover);
                pixel[2] = Mix(scene.Text.Field.Blue + pattern, scene.Text.Colour.Blue, cover);
            }
        }
    }

    private static double Along(Scene scene, double start, double way)
    {
        if (!scene.Text.Bounces)
        {
            double place = (start + way) % Scene.Size;
            return place < 0 ? place + Scene.Size : place;
        }

        double low = Turn(scene.Radius), room = Scene.Size - (2 * low);
        double folded = Math.Abs((start - low + way) % (2 * room));
        return low + (folded > room ? (2 * room) - folded : folded);
    }

    // The way round the torus is never longer than half of it.
    private static double Wrapped(double offset) => offset - (Scene.Size * Math.Round(offset / Scene.Size));

    private static double Box(double x, double y, double halfWidth, double halfHeight) => Math.Max(Math.Abs(x) - halfWidth, Math.Abs(y) - halfHeight);

    private static byte Mix(double below, double above, double cover) => (byte)Math.Round((below * (1 - cover)) + (above * cover));
}
