namespace RewardForcing.Native.MiniatureWorld;

/// <summary>A named colour, 8 bits a channel.</summary>
internal readonly record struct SceneColour(string Name, byte Red, byte Green, byte Blue)
{
    /// <summary>What objects are painted with.</summary>
    public static IReadOnlyList<SceneColour> Objects { get; } =
    [
        new("red", 228, 38, 38),
        new("green", 46, 200, 70),
        new("blue", 56, 92, 240),
        new("yellow", 240, 220, 40),
        new("purple", 190, 60, 220),
        new("white", 240, 240, 240),
    ];

    /// <summary>What they move across: darker, so that a red object is seen on a red field.</summary>
    public static IReadOnlyList<SceneColour> Fields { get; } =
    [
        new("black", 18, 18, 18),
        new("gray", 92, 92, 92),
        new("red", 96, 24, 28),
        new("green", 18, 78, 40),
        new("blue", 22, 36, 104),
    ];

    /// <summary>The colour of a list that is nearest to a measured one.</summary>
    /// <param name="colours">The list.</param>
    /// <param name="red">0 to 255, as are the others.</param>
    /// <param name="green">Green.</param>
    /// <param name="blue">Blue.</param>
    public static SceneColour Nearest(IReadOnlyList<SceneColour> colours, double red, double green, double blue) => colours.MinBy(colour =>
        ((colour.Red - red) * (colour.Red - red)) + ((colour.Green - green) * (colour.Green - green)) + ((colour.Blue - blue) * (colour.Blue - blue)));
}
