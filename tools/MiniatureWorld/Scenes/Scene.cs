using RewardForcing.Native.Ops;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>A scene in numbers: what its prompt says, and what the prompt leaves open.</summary>
/// <param name="Text">What the prompt says.</param>
/// <param name="Radius">Size of the object in pixels.</param>
/// <param name="Step">Pixels the object moves from frame to frame.</param>
/// <param name="X">Its centre in the first frame, in pixels from the left.</param>
/// <param name="Y">Its centre in the first frame, in pixels from the top.</param>
internal sealed record Scene(SceneText Text, double Radius, double Step, double X, double Y)
{
    /// <summary>Width and height of a frame.</summary>
    public const int Size = 64;

    /// <summary>Pixels the camera moves from frame to frame where it pans.</summary>
    public const double PanStep = 1;

    private const double ShareWithoutSpeed = 0.25;
    private const double ShareOfBounces = 0.1;
    private const double ShareOfPans = 0.1;
    private const double LeastRadius = 11;
    private const double MostRadius = 13;

    // Counters of different purposes never meet.
    private const uint Purpose = 0x5CE2E;

    /// <summary>Slowest and fastest step of a speed, in pixels.</summary>
    /// <param name="speed">As the prompt says it.</param>
    public static (double Least, double Most) Steps(SceneSpeed speed) => speed switch
    {
        SceneSpeed.Slow => (0.4, 0.6),
        SceneSpeed.Medium => (0.8, 1.2),
        SceneSpeed.Fast => (1.6, 2.4),
        _ => (0.4, 2.4),
    };

    /// <summary>Draws a scene: the same seed and index give the same one, whatever was drawn before.</summary>
    /// <param name="seed">Seed of the set.</param>
    /// <param name="index">Number of the scene in it.</param>
    /// <param name="split">Which combinations are allowed.</param>
    public static Scene Draw(ulong seed, int index, SceneSplit split)
    {
        for (uint attempt = 0; ; attempt++)
        {
            Draws draws = new(seed, (uint)index, attempt);
            SceneText text = new(
                (SceneShape)draws.Whole(4),
                SceneColour.Objects[draws.Whole(SceneColour.Objects.Count)],
                SceneColour.Fields[draws.Whole(SceneColour.Fields.Count)],
                (SceneDirection)draws.Whole(4),
                draws.Uniform(0, 1) < ShareWithoutSpeed ? SceneSpeed.Any : (SceneSpeed)(1 + draws.Whole(3)),
                draws.Uniform(0, 1) < ShareOfBounces,
                draws.Uniform(0, 1) < ShareOfPans ? (SceneDirection)draws.Whole(4) : null);
            if (text.IsHeldOut == (split == SceneSplit.HeldOut))
            {
                return Place(text, draws);
            }
        }
    }

    // Along its way an object starts anywhere; across it stays clear of the border, as does what bounces, which begins in the half it leaves: it goes the way
    // its prompt says before it turns round.
    private static Scene Place(SceneText text, Draws draws)
    {
        double radius = draws.Uniform(LeastRadius, MostRadius);
        (double least, double most) = Steps(text.Speed);
        double step = least * Math.Pow(most / least, draws.Uniform(0, 1));
        double across = draws.Uniform(MostRadius + 4, Size - MostRadius - 4);
        double turn = ScenePainter.Turn(radius), along = text.Bounces ? draws.Uniform(turn, Size / 2.0) : draws.Uniform(0, Size);
        along = text.Bounces && text.Direction is (SceneDirection.Left or SceneDirection.Up) ? Size - along : along;
        bool isHorizontal = text.Direction is SceneDirection.Left or SceneDirection.Right;
        return new Scene(text, radius, step, isHorizontal ? along : across, isHorizontal ? across : along);
    }

    private sealed class Draws(ulong seed, uint index, uint attempt)
    {
        private uint _count;

        public double Uniform(double from, double to) => from + ((to - from) * (Philox.Block(_count++, index, attempt, Purpose, seed).R0 / 4294967296.0));

        public int Whole(int exclusiveEnd) => (int)Uniform(0, exclusiveEnd);
    }
}
