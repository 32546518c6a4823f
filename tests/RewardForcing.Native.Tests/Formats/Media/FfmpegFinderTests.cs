using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class FfmpegFinderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void Find_ProgramNamed_IsThatOne()
    {
        string program = FakeProgram.Make(_folder);
        Assert.Equal(program, FfmpegFinder.Find(program));
        Assert.Equal(program, VideoOutput.Choose(VideoFormat.Mp4, program).FfmpegPath);
    }

    [Theory]
    [InlineData("nowhere/ffmpeg")]
    [InlineData("no-program-has-this-name")]
    public void Find_NamedProgramMissing_ThrowsAndNamesIt(string program)
    {
        Assert.Contains(program, Assert.Throws<FileNotFoundException>(() => FfmpegFinder.Find(program)).Message);
        Assert.Throws<FileNotFoundException>(() => VideoOutput.Choose(VideoFormat.Mp4, program));
    }

    [Fact]
    public void Find_NamedFileMayNotBeRun_Throws()
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(Path.Combine(_folder, "file"));
        }
        else
        {
            File.WriteAllText(Path.Combine(_folder, "file"), "text");
        }

        Assert.Throws<FileNotFoundException>(() => FfmpegFinder.Find(Path.Combine(_folder, "file")));
    }

    [Fact]
    public void Candidates_SearchPath_AreTheFoldersInOrder()
    {
        string path = string.Join(Path.PathSeparator, [Path.Combine(_folder, "b"), string.Empty, Path.Combine(_folder, "a")]);
        string[] candidates = [.. FfmpegFinder.Candidates(path)];
        Assert.Equal([Path.Combine(_folder, "b"), Path.Combine(_folder, "a")], candidates.Select(Path.GetDirectoryName));
        Assert.All(candidates, candidate => Assert.Equal("ffmpeg", Path.GetFileNameWithoutExtension(candidate)));
    }

    [Fact]
    public void Choose_FormatWithoutFfmpeg_NeedsNoProgram()
    {
        Assert.Equal(new VideoOutput(VideoFormat.Apng, null, null), VideoOutput.Choose(VideoFormat.Apng, "nowhere/ffmpeg"));
        Assert.Equal(".apng", VideoOutput.ExtensionOf(VideoFormat.Apng));
        Assert.Equal(".mp4", VideoOutput.ExtensionOf(VideoFormat.Mp4));
        Assert.Equal(string.Empty, VideoOutput.ExtensionOf(VideoFormat.Png));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
