using RewardForcing.Native.Formats;

namespace RewardForcing.Native.TestProcess;

/// <summary>Writes a video that never ends, so that the test can kill it in the middle.</summary>
internal static class EndlessWriter
{
    private const int Width = 64;
    private const int Height = 48;

    /// <summary>Runs until it is killed, and prints a line after every frame.</summary>
    /// <param name="format">A <see cref="VideoFormat"/>.</param>
    /// <param name="path">Target.</param>
    /// <param name="ffmpeg">The program for MP4; may be null.</param>
    public static int Run(string format, string path, string? ffmpeg)
    {
        byte[] frame = new byte[Width * Height * 3];
        using VideoWriter writer = VideoWriter.Open(path, Enum.Parse<VideoFormat>(format), Width, Height, 16, ffmpeg);
        for (int i = 0; ; i++)
        {
            new Random(i).NextBytes(frame);
            writer.Append(frame);
            Console.WriteLine(i);
            Thread.Sleep(1);
        }
    }

    /// <summary>Writes one file that never ends.</summary>
    /// <param name="path">Target.</param>
    public static int RunWhole(string path)
    {
        WholeFile.Write(path, stream =>
        {
            for (int i = 0; ; i++)
            {
                stream.Write(new byte[1000]);
                stream.Flush();
                Console.WriteLine(i);
                Thread.Sleep(1);
            }
        });
        return 0;
    }
}
