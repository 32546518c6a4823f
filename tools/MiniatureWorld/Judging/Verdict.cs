namespace RewardForcing.Native.MiniatureWorld;

/// <summary>What is to be seen in a video.</summary>
/// <param name="Shape">Shape of the object; null if there is no object.</param>
/// <param name="Colour">Its colour.</param>
/// <param name="Field">Colour of the field.</param>
/// <param name="Direction">Where the object goes at first; null if it stands still.</param>
/// <param name="PixelsPerFrame">Median way from frame to frame, at a height of 64 pixels.</param>
/// <param name="Bounces">Whether it turns round.</param>
/// <param name="Pan">Where the camera goes; null if it rests.</param>
/// <param name="Fit">Overlap of the object with its shape, 0 to 1: intersection over union.</param>
/// <param name="Present">Share of the frames that have an object of a plausible size.</param>
internal sealed record Verdict(
    SceneShape? Shape, SceneColour? Colour, SceneColour Field, SceneDirection? Direction, double PixelsPerFrame, bool Bounces, SceneDirection? Pan, double Fit, double Present)
{
    // In the middle between the ways of two speeds, as ratios.
    private const double SlowToMedium = 0.7;
    private const double MediumToFast = 1.4;

    /// <summary>The speed that is nearest.</summary>
    public SceneSpeed Speed => PixelsPerFrame < SlowToMedium ? SceneSpeed.Slow : PixelsPerFrame < MediumToFast ? SceneSpeed.Medium : SceneSpeed.Fast;

    /// <summary>Whether each thing that a prompt says is seen.</summary>
    /// <param name="text">The prompt.</param>
    public IReadOnlyList<(string Attribute, bool IsRight)> Compare(SceneText text)
    {
        bool shape = Shape == text.Shape, colour = Colour == text.Colour, direction = Direction == text.Direction, field = Field == text.Field;
        bool speed = Shape is not null && Direction is not null && (text.Speed == SceneSpeed.Any || Speed == text.Speed);
        return
        [
            ("shape", shape),
            ("colour", colour),
            ("direction", direction),
            ("speed", speed),
            ("field", field),
            ("bounce", Bounces == text.Bounces),
            ("pan", Pan == text.Pan),
            (PromptFollowed, shape && colour && direction),
            ("all", shape && colour && direction && speed && field),
        ];
    }

    /// <summary>Name of the attribute that holds where shape, colour and direction are all right.</summary>
    public const string PromptFollowed = "shape+colour+direction";
}
