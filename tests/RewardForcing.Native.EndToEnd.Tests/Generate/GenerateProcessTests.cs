using System.Diagnostics;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>What only a process of its own shows: signals, streams, the environment, and the whole way from a checkpoint made on the spot.</summary>
public sealed class GenerateProcessTests : IClassFixture<MiniModel>
{
    private const string Long = "6000";
    private readonly MiniModel _model;
    private readonly string _output;

    public GenerateProcessTests(MiniModel model) => (_model, _output) = (model, Path.Combine(model.NewFolder(), "videos"));

    [UnixTheory("Windows has no command that sends a signal to a process.")]
    [InlineData("INT", 130)]
    [InlineData("TERM", 130)]
    public void Signal_InTheMiddle_LeavesWholeVideosOnly(string signal, int code)
    {
        string whole = MakeOne();
        using Process process = StartLong();
        WaitForPart();
        Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExit();
        CommandResult result = Command.Finish(process);

        Assert.Equal(code, result.ExitCode);
        Assert.Equal("Cancelled; only whole files were left.", result.Error.Trim().Split('\n')[^1]);
        Assert.Equal([whole], Directory.GetFileSystemEntries(_output));
    }

    [Fact]
    public void Kill_InTheMiddle_LeavesATemporaryNameThatTheNextRunRemoves()
    {
        string whole = MakeOne();
        byte[] before = File.ReadAllBytes(whole);
        using (Process process = StartLong())
        {
            WaitForPart();
            process.Kill();
            process.WaitForExit();
        }

        Assert.Equal(before, File.ReadAllBytes(whole));
        string left = Assert.Single(Directory.GetFileSystemEntries(_output), path => path != whole);
        Assert.Matches(@"^\.0000-b\.apng\.[0-9a-f]{32}\.part$", Path.GetFileName(left));

        Assert.Equal(0, Command.Run(Arguments("b", "3")).ExitCode);
        Assert.Equal(["0000-a.apng", "0000-b.apng"], Directory.GetFileSystemEntries(_output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Debug_UnknownWord_IsRefusedInASentence()
    {
        CommandResult result = Command.Run(new Dictionary<string, string> { ["RF_DEBUG"] = "sync,slow" }, Arguments("a", "3"));

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("RF_DEBUG: expected launch, sync or nan, or several with commas, got slow.", result.Error.Trim().Split('\n')[^1]);
        Assert.False(Directory.Exists(_output) && Directory.EnumerateFileSystemEntries(_output).Any());
    }

    [Fact]
    public void Output_Piped_IsOneLineForEachFileWithoutEscapes()
    {
        CommandResult result = Command.Run([.. Arguments("a", "3"), "--checkpoint_path", Path.Combine(_model.Folder, "diffusion_pytorch_model.safetensors"), "--contact_sheet"]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches($@"^{Path.Combine(_output, "0000-a.apng")}  9 frames of 32 x 32 in [0-9.]+ s, [0-9.]+ frames/s\r?\n{Path.Combine(_output, "0000-a-sheet.png")}\r?\n$", result.Output);
    }

    [Fact]
    public void Mp4_NoFfmpegOnPath_IsWrittenAsApngAndSaysHowToGetMp4()
    {
        string[] arguments = [.. Arguments("a", "3").Select(static argument => argument == "apng" ? "mp4" : argument)];
        CommandResult result = Command.Run(new Dictionary<string, string> { ["PATH"] = _model.NewFolder() }, arguments);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("The video is written as APNG: ffmpeg was not found on PATH; to write MP4, install it", result.Error);
        Assert.Equal([Path.Combine(_output, "0000-a.apng")], Directory.GetFileSystemEntries(_output));
    }

    public static TheoryData<string> FormatsHere => FfmpegFinder.Find(null) is null ? new("apng") : new("apng", "mp4");

    [UnixTheory("Windows has no limit on the size of files that a process could be started with.")]
    [MemberData(nameof(FormatsHere))]
    public void Disk_NoSpaceForTheVideo_SaysSoAndLeavesNothing(string format)
    {
        // A limit on the size of files stands in for a full disk: 4 blocks of 512 or 1024 bytes. The runtime must not be bound by it itself.
        string program = Path.Combine(AppContext.BaseDirectory, "rewardforcing.dll");
        string[] arguments = [.. Arguments("a", "9").Select(argument => argument == "apng" ? format : argument)];
        string line = $"trap '' XFSZ; ulimit -f 4; exec dotnet '{program}' {string.Join(' ', arguments.Select(static argument => $"'{argument}'"))}";
        ProcessStartInfo start = new("sh", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        CommandResult result = Command.Finish(Process.Start(start)!);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"0000-a.{format}", result.Error.Trim().Split('\n')[^1]);
        Assert.Empty(Directory.GetFileSystemEntries(_output));
    }

    [Fact]
    public void MiniatureCheckpoint_RealPrompt_GivesAVideoOfItsSize()
    {
        string folder = Path.Combine(_model.NewFolder(), "mini");
        Assert.Equal(0, Command.RunProgram("MakeCheckpoint", new Dictionary<string, string>(), "--size", "mini", "--output", folder).ExitCode);
        Assert.True(File.Exists(Path.Combine(folder, "google", "umt5-xxl", "spiece.model")));

        CommandResult result = Command.Run(
            "generate", "--model_dir", folder, "--prompt", "Ein roter Panda frißt Bambus — 熊猫 🐼 <extra_id_0>", "--height", "16", "--width", "32", "--num_output_frames", "3", "--format", "png", "--output_folder", _output);

        Assert.True(result.ExitCode == 0, result.Error);
        string[] frames = Directory.GetFiles(Assert.Single(Directory.GetDirectories(_output)));
        Assert.Equal(9, frames.Length);
        Picture last = PictureFile.Read(frames[^1]);
        Assert.Equal((32, 16), (last.Width, last.Height));
        Assert.True(last.Rgb24.Distinct().Count() > 20);
    }

    private string[] Arguments(string prompt, string frames) => _model.Arguments("--prompt", prompt, "--num_output_frames", frames, "--format", "apng", "--output_folder", _output);

    private string MakeOne()
    {
        CommandResult result = Command.Run(Arguments("a", "3"));
        Assert.True(result.ExitCode == 0, result.Error);
        return Path.Combine(_output, "0000-a.apng");
    }

    private Process StartLong() => Command.Start("rewardforcing", new Dictionary<string, string>(), Arguments("b", Long));

    // The file is there before the first block; give it frames.
    private void WaitForPart()
    {
        long started = Stopwatch.GetTimestamp();
        while (!Directory.GetFiles(_output, ".0000-b.apng.*.part").Any(static path => new FileInfo(path).Length > 1000))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), "The run wrote nothing for a minute.");
            Thread.Sleep(10);
        }
    }
}
