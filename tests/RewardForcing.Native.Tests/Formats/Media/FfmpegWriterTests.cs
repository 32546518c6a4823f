using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing.Files;
using Xunit;
using Xunit.Abstractions;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class FfmpegWriterTests : IDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public FfmpegWriterTests(ITestOutputHelper output) => _output = output;

    private string Tools => Path.Combine(_folder, "tools");

    private string Videos => Path.Combine(_folder, "videos");

    private string Target => Path.Combine(Videos, "a video.mp4");

    [Fact]
    public void Complete_FramesInPortions_ReachTheProgramUnchangedUnderTheReferencesSettings()
    {
        byte[] pixels = [.. TestPicture.Make(16, 8, 1), .. TestPicture.Make(16, 8, 2), .. TestPicture.Make(16, 8, 3)];
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 16, 8, 24000.0 / 1001, FakeProgram.Make(Tools)))
        {
            writer.Append(pixels.AsSpan(0, 16 * 8 * 3));
            writer.Append(pixels.AsSpan(16 * 8 * 3));
            Assert.Null(writer.Notice);
            writer.Complete();
        }

        Assert.Equal(pixels, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(Videos));
        string line = string.Join(' ', FakeProgram.Arguments(Tools)[..^1]);
        Assert.Contains("-f rawvideo -pixel_format rgb24 -video_size 16x8 -framerate 24000/1001 -i pipe:0", line);
        Assert.Contains("-c:v libx264 -preset medium -crf 23 -pix_fmt yuv420p", line);
        Assert.EndsWith("-f mp4", line);
        string written = FakeProgram.Arguments(Tools)[^1];
        Assert.StartsWith($"file:{Path.Combine(Videos, ".a video.mp4.")}", written);
        Assert.EndsWith(".part", written);
    }

    [Fact]
    public void Append_OddSize_RepeatsTheLastColumnAndRowAndSaysSo()
    {
        byte[] frame = TestPicture.Make(3, 5);
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 3, 5, 16, FakeProgram.Make(Tools)))
        {
            Assert.Contains("4 x 6 instead of 3 x 5", writer.Notice);
            writer.Append(frame);
            writer.Complete();
        }

        byte[] padded = File.ReadAllBytes(Target);
        Assert.Contains("4x6", FakeProgram.Arguments(Tools));
        Assert.Equal(4 * 6 * 3, padded.Length);
        for (int i = 0; i < padded.Length; i++)
        {
            (int y, int x, int c) = (i / 12, i / 3 % 4, i % 3);
            Assert.Equal(frame[(((Math.Min(y, 4) * 3) + Math.Min(x, 2)) * 3) + c], padded[i]);
        }
    }

    [Theory]
    [InlineData("mpeg4,libx264", "libx264", false)]
    [InlineData("mpeg4,h264_nvenc", "mpeg4", true)]
    [InlineData("libopenh264,mpeg4", "libopenh264", true)]
    public void Open_ProgramWithoutLibx264_TakesAnotherEncoderAndSaysSo(string encoders, string taken, bool isSaid)
    {
        using VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 16, 8, 16, FakeProgram.Make(Tools, "copy", encoders));
        writer.Append(new byte[16 * 8 * 3]);
        writer.Complete();
        string[] arguments = FakeProgram.Arguments(Tools);
        Assert.Equal(taken, arguments[Array.IndexOf(arguments, "-c:v") + 1]);
        Assert.Equal(isSaid, writer.Notice is not null);
        Assert.True(writer.Notice is null || (writer.Notice.Contains("no libx264") && writer.Notice.Contains(taken)));
    }

    [Fact]
    public void Open_ProgramWithNoUsableEncoder_SaysWhichAreMissing()
    {
        string program = FakeProgram.Make(Tools, "copy", "gif,vp9");
        IOException error = Assert.Throws<IOException>(() => VideoWriter.Open(Target, VideoFormat.Mp4, 16, 8, 16, program));
        Assert.Contains("libx264, libopenh264, mpeg4", error.Message);
        Assert.False(Directory.Exists(Videos));
    }

    [Fact]
    public void Append_ProgramEndsInTheMiddle_OneSentenceWithItsLastWordsAndNothingIsLeft()
    {
        byte[] frame = new byte[512 * 512 * 3];
        IOException error;
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 512, 512, 16, FakeProgram.Make(Tools, "die:5000")))
        {
            error = Assert.Throws<IOException>(() =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    writer.Append(frame);
                }
            });
            Assert.Throws<InvalidOperationException>(() => writer.Append(frame));
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.StartsWith($"{Target}: ffmpeg stopped with exit code 3 after ", error.Message);
        Assert.EndsWith("[libx264] something went wrong; Error while encoding frame; Conversion failed!.", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(Videos));
    }

    [Theory]
    [InlineData("die:10", "exit code 3")]
    [InlineData("empty", "ended without a video")]
    public void Complete_ProgramMadeNoVideo_ThrowsAndAnOlderVideoStays(string behaviour, string reason)
    {
        Directory.CreateDirectory(Videos);
        File.WriteAllText(Target, "older");
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 16, 8, 16, FakeProgram.Make(Tools, behaviour)))
        {
            IOException error = Assert.Throws<IOException>(() =>
            {
                writer.Append(new byte[16 * 8 * 3]);
                writer.Complete();
            });
            Assert.Contains(reason, error.Message);
        }

        Assert.Equal("older", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(Videos));
    }

    [Fact]
    public void Complete_ProgramThatTalksMoreThanAPipeHolds_IsReadAllTheTime()
    {
        using VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 64, 64, 16, FakeProgram.Make(Tools, "noisy"));
        for (int i = 0; i < 20; i++)
        {
            writer.Append(new byte[64 * 64 * 3]);
        }

        writer.Complete();
        Assert.Equal(20 * 64 * 64 * 3, new FileInfo(Target).Length);
    }

    [Fact]
    public async Task Dispose_ProgramTakesNothing_KillsItAndLeavesNothing()
    {
        VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Mp4, 512, 512, 16, FakeProgram.Make(Tools, "hang"));
        Task appending = Task.Run(() => AppendForever(writer));
        await Task.Delay(300);
        Assert.False(appending.IsCompleted);
        writer.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => appending.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.True(appending.IsFaulted);
        Assert.Empty(Directory.GetFileSystemEntries(Videos));
    }

    [Fact]
    public void Open_ProgramThatDoesNotStart_SaysSo()
    {
        string program = Path.Combine(Directory.CreateDirectory(Tools).FullName, "ffmpeg.exe");
        File.WriteAllBytes(program, [0, 1, 2, 3]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        IOException error = Assert.Throws<IOException>(() => VideoWriter.Open(Target, VideoFormat.Mp4, 16, 8, 16, program));
        Assert.Contains("does not start", error.Message);
    }

    [Fact]
    public void Choose_Mp4_IsARealFileWhereFfmpegIsAndApngWithTheWayToGetItWhereItIsNot()
    {
        VideoOutput output = VideoOutput.Choose(VideoFormat.Mp4, null);
        _output.WriteLine(output.FfmpegPath is null ? "ffmpeg is not installed here: APNG was tried." : $"{output.FfmpegPath} was tried for real.");
        string path = Path.Combine(Videos, "real" + output.Extension);
        using (VideoWriter writer = output.Open(path, 33, 31, 16))
        {
            for (int i = 0; i < 20; i++)
            {
                writer.Append(TestPicture.Make(33, 31, i));
            }

            writer.Complete();
        }

        Assert.Equal([path], Directory.GetFileSystemEntries(Videos));
        if (output.FfmpegPath is null)
        {
            Assert.Equal(VideoFormat.Apng, output.Format);
            Assert.Contains("install", output.Notice);
            Assert.Equal(20, ParsedPng.Read(path).Frames.Count);
            return;
        }

        Assert.Equal("ftyp"u8, File.ReadAllBytes(path).AsSpan(4, 4));
        byte[] decoded = Decode(output.FfmpegPath, path);
        Assert.Equal(20 * 34 * 32 * 3, decoded.Length);
        for (int channel = 0; channel < 3; channel++)
        {
            double before = Mean(TestPicture.Make(33, 31, 7), channel), after = Mean(decoded.AsSpan(7 * 34 * 32 * 3, 34 * 32 * 3), channel);
            Assert.InRange(after - before, -6, 6);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void AppendForever(VideoWriter writer)
    {
        byte[] frame = new byte[writer.Width * writer.Height * 3];
        while (true)
        {
            writer.Append(frame);
        }
    }

    private static byte[] Decode(string program, string path)
    {
        string[] arguments = ["-loglevel", "error", "-nostdin", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"];
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        using MemoryStream raw = new();
        process.StandardOutput.BaseStream.CopyTo(raw);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return raw.ToArray();
    }

    private static double Mean(ReadOnlySpan<byte> rgb24, int channel)
    {
        double sum = 0;
        for (int i = channel; i < rgb24.Length; i += 3)
        {
            sum += rgb24[i];
        }

        return sum * 3 / rgb24.Length;
    }
}
