using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>A video encoder of ffmpeg, and how it is told to encode as well as the reference does.</summary>
/// <param name="Name">As ffmpeg lists it.</param>
/// <param name="Options">Arguments that choose it and its quality.</param>
/// <param name="Notice">What the user should know about it; null if nothing.</param>
internal sealed record FfmpegEncoder(string Name, string[] Options, string? Notice)
{
    private const double FallbackBitsPerPixel = 0.2;
    private const long MaxListBytes = 1 << 20;
    private static readonly TimeSpan _listLimit = TimeSpan.FromSeconds(20);

    /// <summary>Chooses the best encoder a program has.</summary>
    /// <param name="program">Full path of ffmpeg.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="rate">Frames per second.</param>
    /// <exception cref="IOException">The program does not start, fails, or can encode none of them.</exception>
    /// <remarks>The reference writes with libx264 at its default quality, constant rate factor 23, preset medium.</remarks>
    public static FfmpegEncoder Choose(string program, int width, int height, FrameRate rate)
    {
        HashSet<string> present = List(program);
        double bits = Math.Max(64_000, FallbackBitsPerPixel * width * height * rate.Frames / rate.Seconds);
        string bitRate = Math.Min(bits, int.MaxValue).ToString("F0", CultureInfo.InvariantCulture);
        FfmpegEncoder[] known =
        [
            new("libx264", ["-c:v", "libx264", "-preset", "medium", "-crf", "23"], null),
            new("libopenh264", ["-c:v", "libopenh264", "-b:v", bitRate], Instead("libopenh264", "the file is larger at the same quality")),
            new("mpeg4", ["-c:v", "mpeg4", "-q:v", "3"], Instead("mpeg4", "the file is larger and browsers do not play it")),
        ];
        return known.FirstOrDefault(encoder => present.Contains(encoder.Name))
            ?? throw new IOException($"{program} has none of the video encoders {string.Join(", ", known.Select(static encoder => encoder.Name))}; install a complete ffmpeg or write APNG with --format apng.");

        string Instead(string name, string consequence) => $"{program} has no libx264, so the video is encoded with {name}: {consequence}.";
    }

    private static HashSet<string> List(string program)
    {
        using FfmpegProcess process = FfmpegProcess.Start(program, ["-hide_banner", "-encoders"], MaxListBytes);
        int? code = process.Finish(_listLimit);
        if (code != 0)
        {
            string end = code is null ? "did not answer" : $"failed with exit code {code}";
            throw new IOException($"{program} {end} when asked for its encoders: {process.LastWords()}.");
        }

        // Such as " V....D libx264   H.264 / AVC", below a legend of the letters.
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (string line in Encoding.UTF8.GetString(process.Output()).Split('\n'))
        {
            string[] words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0][0] == 'V')
            {
                names.Add(words[1].Trim());
            }
        }

        return names;
    }
}
