using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class VideoWriterTests : IDisposable
{
    private const int Width = 21;
    private const int Height = 10;
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<VideoFormat> OwnFormats => [VideoFormat.Apng, VideoFormat.Png];

    private string Target => Path.Combine(_folder, "video");

    [Theory]
    [MemberData(nameof(OwnFormats))]
    public void Complete_FramesInPortions_AllAreThereInOrder(VideoFormat format)
    {
        byte[][] frames = [.. Enumerable.Range(1, 7).Select(seed => TestPicture.Make(Width, Height, seed))];
        using (VideoWriter writer = VideoWriter.Open(Target, format, Width, Height, 24000.0 / 1001))
        {
            writer.Append(frames[0]);
            writer.Append([.. frames[1], .. frames[2], .. frames[3]]);
            writer.Append([.. frames[4], .. frames[5]]);
            writer.Append(frames[6]);
            Assert.Equal(7, writer.Frames);
            Assert.False(File.Exists(Target) || Directory.Exists(Target));
            writer.Complete();
        }

        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
        Assert.Equal(frames, ReadAll(format, Target));
    }

    [Theory]
    [MemberData(nameof(OwnFormats))]
    public void Dispose_WithoutComplete_LeavesNothing(VideoFormat format)
    {
        using (VideoWriter writer = VideoWriter.Open(Target, format, Width, Height, 16))
        {
            writer.Append(TestPicture.Make(Width, Height));
            Assert.NotEmpty(Directory.GetFileSystemEntries(_folder));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [MemberData(nameof(OwnFormats))]
    public void Open_OlderVideoOfThatName_StaysUntilTheNewOneIsComplete(VideoFormat format)
    {
        byte[] old = TestPicture.Make(Width, Height, 5), young = TestPicture.Make(Width, Height, 6);
        WriteOne(format, old);
        using (VideoWriter writer = VideoWriter.Open(Target, format, Width, Height, 16))
        {
            writer.Append(young);
        }

        Assert.Equal([old], ReadAll(format, Target));
        WriteOne(format, young);
        Assert.Equal([young], ReadAll(format, Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [MemberData(nameof(OwnFormats))]
    public void Open_AnotherWriterOfTheSameTargetStillOpen_BothFinish(VideoFormat format)
    {
        using VideoWriter first = VideoWriter.Open(Target, format, Width, Height, 16);
        first.Append(TestPicture.Make(Width, Height, 1));
        using VideoWriter second = VideoWriter.Open(Target, format, Width, Height, 16);
        second.Append(TestPicture.Make(Width, Height, 2));
        first.Append(TestPicture.Make(Width, Height, 3));
        first.Complete();
        Assert.Equal([TestPicture.Make(Width, Height, 1), TestPicture.Make(Width, Height, 3)], ReadAll(format, Target));
        second.Complete();
        Assert.Equal([TestPicture.Make(Width, Height, 2)], ReadAll(format, Target));
    }

    [Theory]
    [InlineData(0)]
    [InlineData((Width * Height * 3) - 1)]
    [InlineData((Width * Height * 3) + 3)]
    public void Append_NotWholeFrames_ThrowsAndCanGoOn(int bytes)
    {
        using VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Apng, Width, Height, 16);
        Assert.Contains("[10, 21, 3]", Assert.Throws<ArgumentException>(() => writer.Append(new byte[bytes])).Message);
        writer.Append(TestPicture.Make(Width, Height));
        writer.Complete();
        Assert.Single(ParsedPng.Read(Target).Frames);
    }

    [Fact]
    public void Complete_NoFramesOrTwice_Throws()
    {
        using VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Apng, Width, Height, 16);
        Assert.Throws<InvalidOperationException>(writer.Complete);
        writer.Append(TestPicture.Make(Width, Height));
        writer.Complete();
        Assert.Throws<InvalidOperationException>(writer.Complete);
        Assert.Throws<InvalidOperationException>(() => writer.Append(TestPicture.Make(Width, Height)));
        writer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => writer.Append(TestPicture.Make(Width, Height)));
        Assert.True(File.Exists(Target));
    }

    [Fact]
    public void Open_FolderWithOtherFiles_RefusesToReplaceIt()
    {
        string precious = Path.Combine(Directory.CreateDirectory(Target).FullName, "frame_notes.png");
        File.WriteAllText(precious, "keep");
        IOException error = Assert.Throws<IOException>(() => VideoWriter.Open(Target, VideoFormat.Png, Width, Height, 16));
        Assert.Contains("would be lost", error.Message);
        Assert.Equal("keep", File.ReadAllText(precious));
        Assert.Throws<IOException>(() => VideoWriter.Open(Target, VideoFormat.Apng, Width, Height, 16));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(0, 8, 16)]
    [InlineData(8, 8, 0)]
    [InlineData(60000, 60000, 16)]
    public void Open_SizeOrRateOutOfRange_ThrowsAndWritesNothing(int width, int height, double fps)
    {
        foreach (VideoFormat format in Enum.GetValues<VideoFormat>())
        {
            Assert.ThrowsAny<ArgumentException>(() => VideoWriter.Open(Target, format, width, height, fps, Environment.ProcessPath));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Append_ManyFrames_MemoryDoesNotGrow()
    {
        using VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Apng, 160, 120, 16);
        byte[] frame = TestPicture.Make(160, 120);
        writer.Append(frame);
        writer.Append(frame);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            writer.Append(frame);
        }

        // Two hundred frames are 11.5 MB of pixels; what is allocated for each are the compressor's small objects.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200 * 20_000);
    }

    [Fact]
    public void Apng_Animation_LoopsForeverAtTheExactRate()
    {
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Apng, Width, Height, 30000.0 / 1001))
        {
            writer.Append([.. TestPicture.Make(Width, Height, 1), .. TestPicture.Make(Width, Height, 2)]);
            writer.Complete();
        }

        ParsedPng png = ParsedPng.Read(Target);
        Assert.Equal((2, 0), (png.AnnouncedFrames, png.Plays));
        Assert.Equal([(1001, 30000), (1001, 30000)], png.Delays);
        Assert.Equal(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "IEND"], png.Chunks.Select(chunk => chunk.Type));
        Assert.Equal(TestPicture.Make(Width, Height, 1), PngReader.Read(Target).Rgb24);
    }

    [Fact]
    public void Apng_LargeFrames_AreSplitIntoSeveralChunks()
    {
        byte[] noise = new byte[900 * 600 * 3];
        new Random(3).NextBytes(noise);
        using (VideoWriter writer = VideoWriter.Open(Target, VideoFormat.Apng, 900, 600, 16))
        {
            writer.Append([.. noise, .. noise]);
            writer.Complete();
        }

        ParsedPng png = ParsedPng.Read(Target);
        Assert.True(png.Chunks.Count(chunk => chunk.Type == "IDAT") > 1 && png.Chunks.Count(chunk => chunk.Type == "fdAT") > 1);
        Assert.Equal([noise, noise], png.Frames);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[][] ReadAll(VideoFormat format, string path)
    {
        if (format == VideoFormat.Apng)
        {
            ParsedPng png = ParsedPng.Read(path);
            Assert.Equal(png.Frames.Count, png.AnnouncedFrames);
            return [.. png.Frames];
        }

        string[] files = [.. Directory.GetFileSystemEntries(path).Order(StringComparer.Ordinal)];
        Assert.Equal(Enumerable.Range(0, files.Length).Select(i => $"frame_{i:D6}.png"), files.Select(Path.GetFileName));
        return [.. files.Select(file => Assert.Single(ParsedPng.Read(file).Frames))];
    }

    private void WriteOne(VideoFormat format, byte[] frame)
    {
        using VideoWriter writer = VideoWriter.Open(Target, format, Width, Height, 16);
        writer.Append(frame);
        writer.Complete();
    }
}
