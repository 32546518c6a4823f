using System.Text.RegularExpressions;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>What a prompt says about a scene, and the prompt that says it.</summary>
/// <param name="Shape">What moves.</param>
/// <param name="Colour">Its colour, one of <see cref="SceneColour.Objects"/>.</param>
/// <param name="Field">What it moves across, one of <see cref="SceneColour.Fields"/>.</param>
/// <param name="Direction">Where to; for what bounces, where to at first.</param>
/// <param name="Speed">How fast.</param>
/// <param name="Bounces">Whether it turns round at the border; what does not comes in again at the other side.</param>
/// <param name="Pan">Where the camera goes, so that the pattern of the field goes the other way; null for a camera at rest.</param>
internal sealed partial record SceneText(
    SceneShape Shape, SceneColour Colour, SceneColour Field, SceneDirection Direction, SceneSpeed Speed, bool Bounces = false, SceneDirection? Pan = null)
{
    /// <summary>A sentence such as <c>a red circle moves left across a blue field, fast</c>.</summary>
    public string Prompt
    {
        get
        {
            string speed = Speed == SceneSpeed.Any ? string.Empty : $", {Word(Speed)}";
            string pan = Pan is { } side ? $", the camera pans {Word(side)}" : string.Empty;
            return $"a {Colour.Name} {Word(Shape)} {(Bounces ? "bounces" : "moves")} {Word(Direction)} across a {Field.Name} field{speed}{pan}";
        }
    }

    /// <summary>Whether this combination of shape, colour and direction is in no training clip: 12 of 96, each shape and direction three times, each colour twice.</summary>
    public bool IsHeldOut
    {
        get
        {
            int turn = ((int)Shape + (int)Direction) % 4;
            return turn > 0 && Colour == SceneColour.Objects[(2 * (turn - 1)) + ((int)Shape % 2)];
        }
    }

    /// <summary>Reads a prompt of this world.</summary>
    /// <param name="prompt">The sentence.</param>
    /// <exception cref="FormatException">It is none; the message shows how they look.</exception>
    public static SceneText Parse(string prompt)
    {
        Match match = Sentence().Match(prompt.Trim());
        SceneColour colour = SceneColour.Objects.FirstOrDefault(colour => colour.Name == match.Groups["colour"].Value);
        SceneColour field = SceneColour.Fields.FirstOrDefault(field => field.Name == match.Groups["field"].Value);
        if (!match.Success || colour.Name is null || field.Name is null)
        {
            throw new FormatException($"'{prompt}' is no prompt of this world; they look like 'a red circle moves left across a blue field, fast'.");
        }

        return new SceneText(
            Enum.Parse<SceneShape>(match.Groups["shape"].Value, ignoreCase: true),
            colour,
            field,
            Enum.Parse<SceneDirection>(match.Groups["direction"].Value, ignoreCase: true),
            match.Groups["speed"].Success ? Enum.Parse<SceneSpeed>(match.Groups["speed"].Value, ignoreCase: true) : SceneSpeed.Any,
            match.Groups["verb"].Value == "bounces",
            match.Groups["pan"].Success ? Enum.Parse<SceneDirection>(match.Groups["pan"].Value, ignoreCase: true) : null);
    }

    /// <summary>The word of a prompt for a value.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    [GeneratedRegex(
        "^a (?<colour>[a-z]+) (?<shape>circle|square|triangle|cross) (?<verb>moves|bounces) (?<direction>left|right|up|down) across a (?<field>[a-z]+) field" +
        "(, (?<speed>slow|medium|fast))?(, the camera pans (?<pan>left|right|up|down))?$")]
    private static partial Regex Sentence();
}
