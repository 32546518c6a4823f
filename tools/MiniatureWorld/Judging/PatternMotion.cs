using System.Numerics;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Finds where the pattern of the field goes: its two diagonal waves turn by a phase from frame to frame.</summary>
internal static class PatternMotion
{
    private const double LeastStep = 0.35;
    private const double FieldTolerance = 30;

    /// <summary>Where the camera goes, against the pattern; null if it rests.</summary>
    /// <param name="rgb24">Frames.</param>
    /// <param name="field">Colour of the field; pixels far from it are left out.</param>
    public static SceneDirection? Pan(ReadOnlySpan<byte> rgb24, double[] field)
    {
        int frames = rgb24.Length / SceneMask.FrameBytes;
        double across = 0, down = 0;
        (Complex Falling, Complex Rising) before = default;
        for (int frame = 0; frame < frames; frame++)
        {
            (Complex Falling, Complex Rising) now = Waves(rgb24.Slice(frame * SceneMask.FrameBytes, SceneMask.FrameBytes), field);
            if (frame > 0)
            {
                double sum = Turn(now.Falling, before.Falling), difference = Turn(now.Rising, before.Rising);
                across += (sum + difference) / 2;
                down += (sum - difference) / 2;
            }

            before = now;
        }

        (across, down) = (across / (frames - 1), down / (frames - 1));
        return Math.Max(Math.Abs(across), Math.Abs(down)) < LeastStep ? null
            : Math.Abs(across) >= Math.Abs(down) ? across < 0 ? SceneDirection.Left : SceneDirection.Right
            : down < 0 ? SceneDirection.Up : SceneDirection.Down;
    }

    // Pixels that the wave of a camera going right and down has moved on by.
    private static double Turn(Complex now, Complex before) => (now * Complex.Conjugate(before)).Phase * ScenePainter.Period / (2 * Math.PI);

    private static (Complex Falling, Complex Rising) Waves(ReadOnlySpan<byte> rgb24, double[] field)
    {
        const double Wave = 2 * Math.PI / ScenePainter.Period;
        Complex falling = Complex.Zero, rising = Complex.Zero;
        for (int y = 0; y < Scene.Size; y++)
        {
            for (int x = 0; x < Scene.Size; x++)
            {
                int at = ((y * Scene.Size) + x) * 3;
                double red = rgb24[at] - field[0], green = rgb24[at + 1] - field[1], blue = rgb24[at + 2] - field[2];
                if (Math.Abs(red) < FieldTolerance && Math.Abs(green) < FieldTolerance && Math.Abs(blue) < FieldTolerance)
                {
                    double value = red + green + blue;
                    falling += value * Complex.FromPolarCoordinates(1, -Wave * (x + y));
                    rising += value * Complex.FromPolarCoordinates(1, -Wave * (x - y));
                }
            }
        }

        return (falling, rising);
    }
}
