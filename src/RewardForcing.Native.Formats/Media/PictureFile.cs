namespace RewardForcing.Native.Formats;

/// <summary>Reads pictures: PNG by itself, other kinds through ffmpeg where there is one.</summary>
public static class PictureFile
{
    private const long MaxOutput = 1 << 29;
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(1);

    /// <summary>Reads a picture as 8-bit RGB; its content tells the kind, not its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ffmpegPath">The program that reads JPEG, WebP, BMP, GIF and TIFF; null looks on <c>PATH</c>.</param>
    /// <exception cref="ModelFormatException">The file is missing or damaged, is no picture, or needs ffmpeg and there is none.</exception>
    public static Picture Read(string path, string? ffmpegPath = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = PngReader.ReadFile(path);
        if (bytes.AsSpan().StartsWith(PngChunks.Signature))
        {
            return PngReader.Decode(bytes, path);
        }

        if (Kind(bytes) is not (string kind, string demuxer))
        {
            throw new ModelFormatException(path, "is no picture of a known kind, expected PNG, JPEG, WebP, BMP, GIF or TIFF");
        }

        return FfmpegFinder.Find(ffmpegPath) is string program
            ? Convert(program, path, kind, demuxer)
            : throw new ModelFormatException(path, $"is {kind}, which needs ffmpeg, and there is none on PATH; install ffmpeg or convert the picture to PNG");
    }

    private static (string Kind, string Demuxer)? Kind(ReadOnlySpan<byte> bytes)
    {
        return bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? ("a JPEG", "jpeg_pipe")
            : bytes.StartsWith("RIFF"u8) && bytes.Length > 12 && bytes[8..].StartsWith("WEBP"u8) ? ("a WebP picture", "webp_pipe")
            : bytes.StartsWith("BM"u8) ? ("a BMP picture", "bmp_pipe")
            : bytes.StartsWith("GIF8"u8) ? ("a GIF", "gif")
            : bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8) ? ("a TIFF picture", "tiff_pipe")
            : null;
    }

    // The kind is named, so that a file cannot make ffmpeg open anything else; turned pictures stay as they are stored, as in the reference.
    private static Picture Convert(string program, string path, string kind, string demuxer)
    {
        string[] arguments =
        [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file", "-noautorotate", "-f", demuxer, "-i", $"file:{Path.GetFullPath(path)}",
            "-frames:v", "1", "-pix_fmt", "rgb24", "-c:v", "png", "-f", "image2pipe", "pipe:1",
        ];
        using FfmpegProcess process = FfmpegProcess.Start(program, arguments, MaxOutput);
        int? code = process.Finish(_limit);
        byte[] png = process.Output();
        if (code != 0 || png.Length == 0)
        {
            string end = code is null ? "did not finish" : code == 0 ? "found no picture in it" : $"stopped with exit code {code}";
            throw new ModelFormatException(path, $"is {kind} that ffmpeg could not read: it {end}: {process.LastWords()}");
        }

        return PngReader.Decode(png, path);
    }
}
