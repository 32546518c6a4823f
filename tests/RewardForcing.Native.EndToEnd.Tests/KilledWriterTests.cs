using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class KilledWriterTests : IDisposable
{
    private const int Width = 64;
    private const int Height = 48;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-killed-").FullName;

    private string Videos => Path.Combine(_folder, "videos");

    private string Target => Path.Combine(Videos, "video");

    private string Ffmpeg => FakeProgram.Make(Path.Combine(_folder, "tools"));

    [Theory]
    [InlineData(VideoFormat.Apng)]
    [InlineData(VideoFormat.Png)]
    [InlineData(VideoFormat.Mp4)]
    public void Kill_InTheMiddleOfAVideo_LeavesOnlyATemporaryNameThatTheNextRunRemoves(VideoFormat format)
    {
        KillInTheMiddle(format.ToString(), format == VideoFormat.Mp4 ? [Ffmpeg] : []);

        string left = Assert.Single(Directory.GetFileSystemEntries(Videos));
        Assert.Matches(@"^\.video\.[0-9a-f]{32}\.part$", Path.GetFileName(left));
        WaitUntilOnlyTheTargetIsLeft(() => WriteVideo(format));
    }

    [Theory]
    [InlineData(VideoFormat.Apng)]
    [InlineData(VideoFormat.Png)]
    public void Kill_InTheMiddleOfReplacingAVideo_TheOlderOneStaysWhole(VideoFormat format)
    {
        WriteVideo(format);
        string[] before = Content();
        KillInTheMiddle(format.ToString(), []);
        Assert.Equal(before, Content());
    }

    [Fact]
    public void Kill_InTheMiddleOfAFile_LeavesOnlyATemporaryNameThatTheNextRunRemoves()
    {
        string neighbour = Path.Combine(Directory.CreateDirectory(Videos).FullName, ".video.notes.part");
        File.WriteAllText(neighbour, "somebody else's");
        KillInTheMiddle("Whole", []);
        Assert.Equal(2, Directory.GetFileSystemEntries(Videos).Length);

        WholeFile.Write(Target, stream => stream.Write("whole"u8));

        Assert.Equal([neighbour, Target], Directory.GetFileSystemEntries(Videos).Order(StringComparer.Ordinal));
        Assert.Equal("whole", File.ReadAllText(Target));
    }

    [Fact]
    public void Run_AnotherProcessWritesTheSameFile_ItsTemporaryFileStays()
    {
        using Process process = Start("Whole", []);
        try
        {
            WaitForFrames(process, 20);
            WholeFile.Write(Target, stream => stream.Write("whole"u8));
            Assert.Equal(2, Directory.GetFileSystemEntries(Videos).Length);
            WaitForFrames(process, 20);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void KillInTheMiddle(string format, string[] ffmpeg)
    {
        using Process process = Start(format, ffmpeg);
        WaitForFrames(process, 30);
        process.Kill();
        Assert.True(process.WaitForExit(_patience));
        Assert.NotEqual(0, process.ExitCode);
    }

    private Process Start(string format, string[] ffmpeg)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "RewardForcing.Native.TestProcess.dll");
        return Process.Start(new ProcessStartInfo(FakeProgram.Host, [program, "write", format, Target, .. ffmpeg]) { RedirectStandardOutput = true })!;
    }

    private static void WaitForFrames(Process process, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Task<string?> line = process.StandardOutput.ReadLineAsync();
            Assert.True(line.Wait(_patience), "The writer wrote nothing for a minute.");
            Assert.NotNull(line.Result);
        }
    }

    // The stand-in for ffmpeg outlives its killed parent until it has seen the end of its input.
    private void WaitUntilOnlyTheTargetIsLeft(Action write)
    {
        long started = Stopwatch.GetTimestamp();
        do
        {
            write();
        }
        while (!Directory.GetFileSystemEntries(Videos).SequenceEqual([Target]) && Stopwatch.GetElapsedTime(started) < _patience);
        Assert.Equal([Target], Directory.GetFileSystemEntries(Videos));
    }

    private void WriteVideo(VideoFormat format)
    {
        using VideoWriter writer = VideoWriter.Open(Target, format, Width, Height, 16, format == VideoFormat.Mp4 ? Ffmpeg : null);
        writer.Append(new byte[Width * Height * 3]);
        writer.Complete();
    }

    private string[] Content() => Directory.Exists(Target)
        ? [.. Directory.GetFiles(Target).Order(StringComparer.Ordinal).Select(file => file + Convert.ToHexString(File.ReadAllBytes(file)))]
        : [Convert.ToHexString(File.ReadAllBytes(Target))];
}
