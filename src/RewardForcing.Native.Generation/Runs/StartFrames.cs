using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Reads what videos start from.</summary>
internal static class StartFrames
{
    /// <summary>Latents of a video that is to be continued.</summary>
    /// <param name="path">A file of latents, or a folder of frames as <c>--format png</c> writes it.</param>
    /// <param name="vae">Encodes frames; asked for only if there are some.</param>
    /// <param name="size">Rows and columns of pixels.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="ffmpeg">Reads pictures other than PNG; null looks on <c>PATH</c>.</param>
    /// <param name="cancellation">Stops between two frames or layers.</param>
    /// <exception cref="ModelFormatException">It cannot be read.</exception>
    public static LatentFrames Video(string path, Func<WanVae> vae, (int Height, int Width) size, DType type, string? ffmpeg, CancellationToken cancellation)
    {
        if (!Directory.Exists(path))
        {
            return LatentFile.Read(path);
        }

        string[] files = [.. Directory.GetFiles(path, "*.png").Order(StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            throw new ModelFormatException(path, "holds no PNG files; a video is continued from a folder of its frames or from a file of its latents");
        }

        int frameSize = size.Height * size.Width * 3;
        if ((long)files.Length * frameSize > Array.MaxLength)
        {
            throw new ModelFormatException(path, $"holds {files.Length:N0} frames, too many to be encoded at once; keep the last few seconds, or continue from a file of latents");
        }

        var frames = new byte[files.Length * frameSize];
        for (int i = 0; i < files.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Resized(files[i], size, ffmpeg).CopyTo(frames, i * frameSize);
        }

        return LatentEncoding.Encode(vae(), frames, files.Length, size.Height, size.Width, type, cancellation);
    }

    /// <summary>The latent of an image, as the reference prepares it: brought to the video's size whatever its own.</summary>
    public static LatentFrames Image(string path, WanVae vae, (int Height, int Width) size, DType type, string? ffmpeg, CancellationToken cancellation) =>
        LatentEncoding.Encode(vae, Resized(path, size, ffmpeg), 1, size.Height, size.Width, type, cancellation);

    private static byte[] Resized(string path, (int Height, int Width) size, string? ffmpeg)
    {
        Picture picture = PictureFile.Read(path, ffmpeg);
        return ImageResize.Bilinear(picture.Rgb24, picture.Height, picture.Width, size.Height, size.Width);
    }
}
