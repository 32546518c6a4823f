using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Writers that run out of room, or may not write where they are told to: one sentence, nothing left, what was there stays.</summary>
public sealed class FullDiskTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-full-").FullName;

    // Each is 2 MB or more.
    public static TheoryData<string> Kinds => ["safetensors", "pt", "append", "picture", "sheet", nameof(VideoFormat.Apng), nameof(VideoFormat.Png), nameof(VideoFormat.Mp4)];

    private string Target => Path.Combine(_folder, "out", "target");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [UnixTheory("Windows has no limit on the size of files that a process could be started with.")]
    [MemberData(nameof(Kinds))]
    public void Write_NoRoomForTheFile_FailsInOneSentenceAndLeavesWhatWasThere(string kind)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        string before = Path.Combine(Target, "frame_000000.png");
        if (kind == nameof(VideoFormat.Png))
        {
            Directory.CreateDirectory(Target);
        }
        else
        {
            before = Target;
        }

        File.WriteAllText(before, "older");
        (int code, string output) = Run(kind, Target, blocks: 1000);

        Assert.Equal(3, code);
        Assert.StartsWith(Target + ": ", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', output.TrimEnd());
        Assert.Equal([Target], Directory.GetFileSystemEntries(Path.GetDirectoryName(Target)!));
        Assert.Equal("older", File.ReadAllText(before));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Write_RoomForTheFile_Works(string kind)
    {
        (int code, string output) = Run(kind, Target, blocks: 20_000);
        Assert.Equal((0, string.Empty), (code, output));
        Assert.Equal([Target], Directory.GetFileSystemEntries(Path.GetDirectoryName(Target)!));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Write_FolderThatIsAFile_FailsInOneSentence(string kind)
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "a file");
        (int code, string output) = Run(kind, Path.Combine(file, "below", "target"), blocks: 20_000);

        Assert.Equal((3, $"{Path.Combine(file, "below", "target")}: could not be written: {file} is a file, expected a folder."), (code, output.TrimEnd()));
        Assert.Equal("a file", File.ReadAllText(file));
    }

    // The limit on the size of files stands in for a full disk; it is in blocks of 512 bytes for the shell, and asked of the shell's children too.
    private (int Code, string Output) Run(string kind, string target, int blocks)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "RewardForcing.Native.TestProcess.dll");
        string ffmpeg = kind == nameof(VideoFormat.Mp4) ? FakeProgram.Make(Path.Combine(_folder, "tools")) : string.Empty;
        string[] arguments = [program, "once", kind, target, .. ffmpeg.Length > 0 ? new[] { ffmpeg } : []];
        ProcessStartInfo start = OperatingSystem.IsWindows()
            ? new(FakeProgram.Host, arguments)
            : new("/bin/sh", ["-c", $"ulimit -f {blocks}; trap '' XFSZ; exec \"$@\"", "sh", FakeProgram.Host, .. arguments]);
        start.RedirectStandardOutput = true;

        // The runtime's own files in memory would count, too.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(_patience));
        return (process.ExitCode, output);
    }
}
