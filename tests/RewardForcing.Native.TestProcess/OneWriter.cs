using RewardForcing.Native.Formats;

namespace RewardForcing.Native.TestProcess;

/// <summary>Writes two million random bytes in one of the formats, so that the test can leave too little room for them.</summary>
internal static class OneWriter
{
    private const int Width = 800;
    private const int Height = 840;

    /// <summary>Writes, and prints the message if that fails.</summary>
    /// <param name="kind"><c>safetensors</c>, <c>pt</c>, <c>append</c>, <c>picture</c>, <c>sheet</c>, or a <see cref="VideoFormat"/>.</param>
    /// <param name="path">Target.</param>
    /// <param name="ffmpeg">The program for MP4; may be null.</param>
    /// <returns>0, or 3 after an <see cref="IOException"/>.</returns>
    public static int Run(string kind, string path, string? ffmpeg)
    {
        byte[] pixels = new byte[Width * Height * 3];
        new Random(1).NextBytes(pixels);
        WritableTensor tensor = new("a", ElementType.U8, [pixels.Length], stream => stream.Write(pixels));
        try
        {
            switch (kind)
            {
                case "safetensors":
                    SafetensorsWriter.Write(path, [tensor]);
                    break;
                case "pt":
                    PyTorchArchiveWriter.Write(path, [tensor]);
                    break;
                case "append":
                    using (AppendedFile file = AppendedFile.Open(path))
                    {
                        file.Append(pixels);
                    }

                    break;
                case "picture":
                    PngWriter.Write(path, Width, Height, pixels);
                    break;
                case "sheet":
                    ContactSheet.Write(path, Width, Height, [pixels, pixels]);
                    break;
                default:
                    WriteVideo(Enum.Parse<VideoFormat>(kind), path, ffmpeg, pixels);
                    break;
            }

            return 0;
        }
        catch (IOException error)
        {
            Console.WriteLine(error.Message);
            return 3;
        }
    }

    private static void WriteVideo(VideoFormat format, string path, string? ffmpeg, byte[] pixels)
    {
        using VideoWriter writer = VideoWriter.Open(path, format, Width, Height, 16, ffmpeg);
        writer.Append(pixels);
        writer.Append(pixels);
        writer.Complete();
    }
}
