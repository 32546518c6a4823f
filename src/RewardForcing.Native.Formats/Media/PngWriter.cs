namespace RewardForcing.Native.Formats;

/// <summary>Writes pictures as PNG: 8-bit RGB, a filter chosen for each row.</summary>
public static class PngWriter
{
    /// <summary>Writes one file. It is whole or not there.</summary>
    /// <param name="path">Target.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="rgb24">The picture, <c>[H, W, 3]</c>, 0 to 255.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    /// <exception cref="ArgumentException">The bytes are not those of a picture of this size.</exception>
    public static void Write(string path, int width, int height, ReadOnlySpan<byte> rgb24)
    {
        PngEncoder encoder = new(width, height);
        Check(encoder, rgb24);
        using PartialFile file = PartialFile.Create(path);
        try
        {
            Write(file.Stream, encoder, rgb24);
            file.Commit();
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(path, error);
        }
    }

    /// <summary>The bytes of a file that holds a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <exception cref="ArgumentException">Its bytes are not those of a picture of its size.</exception>
    public static byte[] Encode(Picture picture)
    {
        PngEncoder encoder = new(picture.Width, picture.Height);
        Check(encoder, picture.Rgb24);
        using MemoryStream stream = new();
        Write(stream, encoder, picture.Rgb24);
        return stream.ToArray();
    }

    /// <summary>Writes one picture to a stream.</summary>
    internal static void Write(Stream stream, PngEncoder encoder, ReadOnlySpan<byte> rgb24)
    {
        stream.Write(PngChunks.Signature);
        PngChunks.WriteHeader(stream, encoder.Width, encoder.Height);
        ReadOnlySpan<byte> pixels = encoder.Compress(rgb24);
        for (int start = 0; start < pixels.Length; start += PngChunks.MaxPart)
        {
            PngChunks.Write(stream, "IDAT"u8, pixels[start..Math.Min(start + PngChunks.MaxPart, pixels.Length)]);
        }

        PngChunks.Write(stream, "IEND"u8, default);
    }

    private static void Check(PngEncoder encoder, ReadOnlySpan<byte> rgb24)
    {
        if (rgb24.Length != encoder.FrameBytes)
        {
            throw new ArgumentException(
                $"rgb24 must be [{encoder.Height}, {encoder.Width}, 3], {encoder.FrameBytes:N0} bytes, got {rgb24.Length:N0}.", nameof(rgb24));
        }
    }
}
