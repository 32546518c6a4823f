namespace RewardForcing.Native.Formats;

/// <summary>How videos will be stored on this machine.</summary>
/// <param name="Format">The format.</param>
/// <param name="FfmpegPath">The program that writes it; null if none is needed.</param>
/// <param name="Notice">Why it is another format than the one asked for, and how to get that one; null if it is the same.</param>
public sealed record VideoOutput(VideoFormat Format, string? FfmpegPath, string? Notice)
{
    /// <summary>What a file of this format is called behind its name: <c>.mp4</c>, <c>.apng</c>, or nothing for a folder of frames.</summary>
    public string Extension => ExtensionOf(Format);

    /// <summary>Takes the format asked for, or APNG in place of MP4 where ffmpeg is missing.</summary>
    /// <param name="wanted">What the user asked for.</param>
    /// <param name="ffmpegPath">The program as the user named it; null looks on <c>PATH</c>.</param>
    /// <exception cref="FileNotFoundException">A program was named and is not there.</exception>
    public static VideoOutput Choose(VideoFormat wanted, string? ffmpegPath)
    {
        if (wanted != VideoFormat.Mp4)
        {
            return new VideoOutput(wanted, null, null);
        }

        return FfmpegFinder.Find(ffmpegPath) is string program
            ? new VideoOutput(VideoFormat.Mp4, program, null)
            : new VideoOutput(VideoFormat.Apng, null, $"The video is written as APNG: {FfmpegFinder.Missing}");
    }

    /// <summary>The extension of a format, with its dot; empty for a folder of frames.</summary>
    /// <param name="format">The format.</param>
    public static string ExtensionOf(VideoFormat format) => format switch
    {
        VideoFormat.Mp4 => ".mp4",
        VideoFormat.Apng => ".apng",
        _ => string.Empty,
    };

    /// <summary>Starts a video of this format.</summary>
    /// <param name="path">The file, or the folder of frames.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fps">Frames per second.</param>
    public VideoWriter Open(string path, int width, int height, double fps) => VideoWriter.Open(path, Format, width, height, fps, FfmpegPath);
}
