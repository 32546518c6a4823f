using System.Globalization;

namespace RewardForcing.Native.Formats;

/// <summary>Reads videos through ffmpeg, frame by frame: memory for one frame, whatever the length.</summary>
/// <remarks>
/// Colours are converted as ffmpeg does by default: BT.601 unless the file says otherwise, limited range unless it says full. The kind of
/// file is told by its first bytes and named to ffmpeg, so that a file cannot make it open anything else, such as a playlist of addresses.
/// </remarks>
public static class VideoFile
{
    private const int HeadBytes = 64;
    private const int MostPixels = 1 << 27;
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    /// <summary>Whether the first bytes of a file are those of a video that can be read here.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">The file is missing or may not be read.</exception>
    public static bool IsVideo(string path) => Kind(Head(path)) is not null;

    /// <summary>Reads frames in the order they are shown.</summary>
    /// <param name="path">An MP4, MOV, MKV, WebM, AVI, APNG or GIF.</param>
    /// <param name="ffmpegPath">The program; null looks on <c>PATH</c>.</param>
    /// <param name="fps">Frames per second wanted, such as 16: frames are repeated or dropped; null gives every stored frame once.</param>
    /// <returns>Frames, all of one size. Nothing is opened before the first is asked for.</returns>
    /// <exception cref="ModelFormatException">The file is missing, damaged or no video, or there is no ffmpeg.</exception>
    /// <exception cref="ArgumentException"><paramref name="fps"/> is no frame rate.</exception>
    public static IEnumerable<Picture> Read(string path, string? ffmpegPath = null, double? fps = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FrameRate? rate = fps is double wanted ? FrameRate.From(wanted) : null;
        if (Kind(Head(path)) is not string demuxer)
        {
            throw new ModelFormatException(path, "is no video of a known kind, expected MP4, MOV, MKV, WebM, AVI, APNG or GIF");
        }

        return FfmpegFinder.Find(ffmpegPath) is string program
            ? Frames(path, program, demuxer, rate)
            : throw new ModelFormatException(path, "needs ffmpeg to be read, and there is none on PATH; install it (such as `apt-get install ffmpeg`), or give the frames as a folder of PNG");
    }

    private static IEnumerable<Picture> Frames(string path, string program, string demuxer, FrameRate? rate)
    {
        // Without a rate frames are counted and shown one a second, so that no version of ffmpeg repeats or drops any.
        string[] timing = rate is FrameRate wanted ? ["-vf", $"fps={wanted}"] : ["-vf", "settb=1,setpts=N", "-r", "1"];
        string[] arguments =
        [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-xerror", "-protocol_whitelist", "file", "-f", demuxer, "-i", $"file:{Path.GetFullPath(path)}",
            "-map", "0:v:0", .. timing, "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
        ];
        using FfmpegProcess process = FfmpegProcess.StartStream(program, arguments);
        using BufferedStream stream = new(process.Stream, 1 << 16);
        int frames = 0;
        for (Picture? frame = Next(stream, path); frame is not null; frame = Next(stream, path))
        {
            frames++;
            yield return frame;
        }

        int? code = process.Finish(_limit);
        if (code != 0 || frames == 0)
        {
            string end = code switch { null => "did not finish", 0 => "found no frame in it", _ => $"stopped with exit code {code}" };
            throw new ModelFormatException(path, $"could not be read by ffmpeg: it {end} after {frames} frames: {process.LastWords()}");
        }
    }

    // Binary PPM: "P6 width height 255", one white space, then the pixels. A stream that is cut off ends here; the exit code tells why.
    private static Picture? Next(Stream stream, string path)
    {
        if (stream.ReadByte() != 'P')
        {
            return null;
        }

        if (stream.ReadByte() != '6' || Number(stream) is not int width || Number(stream) is not int height || Number(stream) != byte.MaxValue)
        {
            throw new ModelFormatException(path, "could not be read: ffmpeg gave something that is no frame");
        }

        if (width < 1 || height < 1 || (long)width * height > MostPixels)
        {
            throw new ModelFormatException(path, $"has frames of {width} x {height}, expected at most {MostPixels:N0} pixels");
        }

        byte[] pixels = new byte[width * height * 3];
        return stream.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false) == pixels.Length ? new Picture(width, height, pixels) : null;
    }

    private static int? Number(Stream stream)
    {
        const int MostDigits = 6;
        string digits = string.Empty;
        for (int value = stream.ReadByte(); digits.Length <= MostDigits; value = stream.ReadByte())
        {
            if (char.IsAsciiDigit((char)value))
            {
                digits += (char)value;
            }
            else if (digits.Length > 0)
            {
                return int.Parse(digits, CultureInfo.InvariantCulture);
            }
            else if (value is not ('\n' or ' '))
            {
                return null;
            }
        }

        return null;
    }

    private static byte[] Head(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        byte[] head = new byte[Math.Min(HeadBytes, file.Length)];
        file.Read(0, head);
        return head;
    }

    private static string? Kind(ReadOnlySpan<byte> head) =>
        head.Length > 12 && head[4..].StartsWith("ftyp"u8) ? "mov"
        : head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) ? "matroska"
        : head.Length > 12 && head.StartsWith("RIFF"u8) && head[8..].StartsWith("AVI "u8) ? "avi"
        : head.StartsWith("GIF8"u8) ? "gif"
        : head.StartsWith(PngChunks.Signature) && head.IndexOf("acTL"u8) > 0 ? "apng"
        : null;
}
