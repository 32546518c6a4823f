using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class PngWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 40)]
    [InlineData(33, 1)]
    [InlineData(67, 45)]
    [InlineData(640, 1000)]
    public void Write_AnySize_IsReadBackTheSameByTwoReaders(int width, int height)
    {
        string path = Path.Combine(_folder, "below", "picture.png");
        byte[] rgb24 = TestPicture.Make(width, height);

        PngWriter.Write(path, width, height, rgb24);

        ParsedPng parsed = ParsedPng.Read(path);
        Assert.Equal((width, height), (parsed.Width, parsed.Height));
        Assert.Equal(rgb24, Assert.Single(parsed.Frames));
        Picture picture = PngReader.Read(path);
        Assert.Equal((width, height), (picture.Width, picture.Height));
        Assert.Equal(rgb24, picture.Rgb24);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Write_SmoothPicture_IsMuchSmallerThanItsPixels()
    {
        byte[] rgb24 = new byte[256 * 256 * 3];
        for (int i = 0; i < rgb24.Length; i++)
        {
            rgb24[i] = (byte)((i / 3 % 256) + (i / 768));
        }

        string path = Path.Combine(_folder, "smooth.png");
        PngWriter.Write(path, 256, 256, rgb24);
        Assert.InRange(new FileInfo(path).Length, 1, rgb24.Length / 50);
    }

    [Theory]
    [InlineData(4, 4, 47)]
    [InlineData(4, 4, 49)]
    [InlineData(0, 4, 0)]
    [InlineData(4, -1, 0)]
    [InlineData(1 << 20, 1 << 20, 3)]
    public void Write_BytesDoNotFitTheSize_ThrowsAndWritesNothing(int width, int height, int bytes)
    {
        Assert.Throws<ArgumentException>(() => PngWriter.Write(Path.Combine(_folder, "a.png"), width, height, new byte[bytes]));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_TargetIsAFolder_SaysSoAndLeavesNothing()
    {
        string path = Directory.CreateDirectory(Path.Combine(_folder, "taken.png")).FullName;
        IOException error = Assert.Throws<IOException>(() => PngWriter.Write(path, 1, 1, new byte[3]));
        Assert.Contains("taken.png", error.Message);
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
