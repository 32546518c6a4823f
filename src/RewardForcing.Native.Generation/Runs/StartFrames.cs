using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Reads what videos start from.</summary>
internal static class StartFrames
{
    /// <summary>Whether something to be continued holds pixels, which the VAE has to encode, and not latents.</summary>
    /// <param name="path">A file or a folder.</param>
    public static bool ArePixels(string path) => Directory.Exists(path) || (File.Exists(path) && VideoFile.IsVideo(path));

    /// <summary>Latents of a video that is to be continued.</summary>
    /// <param name="path">A file of latents, a folder of frames as <c>--format png</c> writes it, or a video that ffmpeg reads.</param>
    /// <param name="vae">Encodes frames; asked for only if there are some.</param>
    /// <param name="size">Rows and columns of pixels.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="ffmpeg">Reads pictures other than PNG; null looks on <c>PATH</c>.</param>
    /// <param name="cancellation">Stops between two frames or layers.</param>
    /// <exception cref="ModelFormatException">It cannot be read.</exception>
    public static LatentFrames Video(string path, Func<WanVae> vae, (int Height, int Width) size, DType type, string? ffmpeg, CancellationToken cancellation)
    {
        if (!ArePixels(path))
        {
            return LatentFile.Read(path);
        }

        byte[] frames = Directory.Exists(path) ? Folder(path, size, ffmpeg, cancellation) : Film(path, size, ffmpeg, cancellation);
        return LatentEncoding.Encode(vae(), frames, frames.Length / FrameSize(size), size.Height, size.Width, type, cancellation);
    }

    /// <summary>The latent of an image, as the reference prepares it: brought to the video's size whatever its own.</summary>
    public static LatentFrames Image(string path, WanVae vae, (int Height, int Width) size, DType type, string? ffmpeg, CancellationToken cancellation) =>
        LatentEncoding.Encode(vae, Resized(PictureFile.Read(path, ffmpeg), size), 1, size.Height, size.Width, type, cancellation);

    private static int FrameSize((int Height, int Width) size) => size.Height * size.Width * 3;

    private static byte[] Folder(string path, (int Height, int Width) size, string? ffmpeg, CancellationToken cancellation)
    {
        string[] files = [.. Directory.GetFiles(path, "*.png").Order(StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            throw new ModelFormatException(path, "holds no PNG files; a video is continued from a folder of its frames, from a video file or from a file of its latents");
        }

        if ((long)files.Length * FrameSize(size) > Array.MaxLength)
        {
            throw TooLong(path, files.Length);
        }

        var frames = new byte[files.Length * FrameSize(size)];
        for (int i = 0; i < files.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Resized(PictureFile.Read(files[i], ffmpeg), size).CopyTo(frames, i * FrameSize(size));
        }

        return frames;
    }

    private static byte[] Film(string path, (int Height, int Width) size, string? ffmpeg, CancellationToken cancellation)
    {
        using MemoryStream frames = new();
        foreach (Picture picture in VideoFile.Read(path, ffmpeg))
        {
            cancellation.ThrowIfCancellationRequested();
            if (frames.Length + FrameSize(size) > Array.MaxLength)
            {
                throw TooLong(path, frames.Length / FrameSize(size));
            }

            frames.Write(Resized(picture, size));
        }

        return frames.ToArray();
    }

    private static ModelFormatException TooLong(string path, long frames) =>
        new(path, $"holds {frames:N0} frames or more, too many to be encoded at once; keep the last few seconds, or continue from a file of latents");

    private static byte[] Resized(Picture picture, (int Height, int Width) size) =>
        ImageResize.Bilinear(picture.Rgb24, picture.Height, picture.Width, size.Height, size.Width);
}
