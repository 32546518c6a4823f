using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class ContactSheetTests
{
    [Fact]
    public void Compose_FramesThatFit_AreCopiedWithGapsBetween()
    {
        ReadOnlyMemory<byte>[] frames = [.. Enumerable.Range(1, 5).Select(seed => (ReadOnlyMemory<byte>)TestPicture.Make(7, 4, seed))];
        Picture sheet = ContactSheet.Compose(7, 4, frames, columns: 3, gap: 2, maxSide: 100);
        Assert.Equal(((3 * 9) + 2, (2 * 6) + 2), (sheet.Width, sheet.Height));
        for (int i = 0; i < sheet.Rgb24.Length; i++)
        {
            (int y, int x, int c) = (i / 3 / sheet.Width, i / 3 % sheet.Width, i % 3);
            (int column, int row, int u, int v) = ((x - 2) / 9, (y - 2) / 6, (x - 2) % 9, (y - 2) % 6);
            int frame = (row * 3) + column;
            bool isInside = x >= 2 && y >= 2 && u < 7 && v < 4 && frame < 5;
            Assert.Equal(isInside ? frames[frame].Span[(((v * 7) + u) * 3) + c] : (byte)24, sheet.Rgb24[i]);
        }
    }

    [Fact]
    public void Compose_FramesTooLarge_AreMadeSmallerByAveraging()
    {
        byte[] frame = new byte[64 * 32 * 3];
        for (int i = 0; i < frame.Length; i++)
        {
            frame[i] = (byte)((i / 3 % 2 == 0 ? 200 : 100) + (i % 3));
        }

        Picture sheet = ContactSheet.Compose(64, 32, [frame, frame, frame, frame], columns: 2, gap: 0, maxSide: 32);
        Assert.Equal((32, 16), (sheet.Width, sheet.Height));
        Assert.All(Enumerable.Range(0, sheet.Rgb24.Length), i => Assert.Equal(150 + (i % 3), sheet.Rgb24[i]));
    }

    [Theory]
    [InlineData(16, 832, 480, 3)]
    [InlineData(9, 100, 100, 3)]
    [InlineData(1, 832, 480, 1)]
    [InlineData(4, 10, 2000, 4)]
    public void Compose_ColumnsNotGiven_MakesTheSheetAboutSquare(int count, int width, int height, int columns)
    {
        byte[] frame = new byte[width * height * 3];
        Picture sheet = ContactSheet.Compose(width, height, [.. Enumerable.Repeat((ReadOnlyMemory<byte>)frame, count)], 0, 0, 1000);
        int rows = (count + columns - 1) / columns;
        Assert.InRange((double)sheet.Width / sheet.Height / (columns * width / (double)(rows * height)), 0.8, 1.2);
        Assert.True(Math.Max(sheet.Width, sheet.Height) <= 1000);
    }

    [Fact]
    public void Write_Sheet_IsAPngOfThatPicture()
    {
        string path = Path.Combine(Path.GetTempPath(), $"rf-{Guid.NewGuid():N}.png");
        try
        {
            ReadOnlyMemory<byte>[] frames = [TestPicture.Make(5, 5, 1), TestPicture.Make(5, 5, 2)];
            ContactSheet.Write(path, 5, 5, frames, 2);
            Assert.Equal(ContactSheet.Compose(5, 5, frames, 2, 4, 2048).Rgb24, PngReader.Read(path).Rgb24);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Compose_NothingOrWrongSizes_Throws()
    {
        Assert.Throws<ArgumentException>(() => ContactSheet.Compose(2, 2, [], 0, 4, 100));
        Assert.Throws<ArgumentException>(() => ContactSheet.Compose(2, 2, [new byte[12], new byte[11]], 0, 4, 100));
        Assert.Throws<ArgumentException>(() => ContactSheet.Compose(2, 2, [new byte[12], new byte[12]], 2, 50, 100));
    }

    [Theory]
    [InlineData(81, 5, new[] { 0, 20, 40, 60, 80 })]
    [InlineData(3, 16, new[] { 0, 1, 2 })]
    [InlineData(7, 1, new[] { 0 })]
    [InlineData(2000000000, 3, new[] { 0, 999999999, 1999999999 })]
    public void Spread_Numbers_HoldFirstAndLast(int frames, int most, int[] expected) => Assert.Equal(expected, ContactSheet.Spread(frames, most));
}
