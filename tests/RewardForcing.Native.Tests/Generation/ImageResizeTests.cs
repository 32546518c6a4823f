using RewardForcing.Native.Generation;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class ImageResizeTests
{
    [Theory]
    [InlineData(3, 5, 7, 2)]
    [InlineData(100, 60, 32, 48)]
    [InlineData(1, 1, 480, 832)]
    public void Bilinear_OneColour_StaysIt(int height, int width, int newHeight, int newWidth)
    {
        byte[] image = [.. Enumerable.Range(0, height * width).SelectMany(static _ => new byte[] { 7, 130, 255 })];
        byte[] resized = ImageResize.Bilinear(image, height, width, newHeight, newWidth);
        Assert.Equal(newHeight * newWidth * 3, resized.Length);
        Assert.All(resized.Chunk(3), static pixel => Assert.Equal(new byte[] { 7, 130, 255 }, pixel));
    }

    [Fact]
    public void Bilinear_SameSize_ChangesNothing()
    {
        byte[] image = [.. Enumerable.Range(0, 2 * 3 * 3).Select(static i => (byte)(13 * i))];
        Assert.Equal(image, ImageResize.Bilinear(image, 2, 3, 2, 3));
    }

    // Halving: a triangle of half-width 2 around the middle of four pixels, cut off at the border: weights 1/8 3/8 3/8 1/8 inside.
    [Fact]
    public void Bilinear_HalfTheWidth_AveragesWithATriangle()
    {
        byte[] row = [.. new byte[] { 0, 80, 160, 240, 0, 0 }.SelectMany(static value => new[] { value, value, value })];
        byte[] halved = ImageResize.Bilinear(row, 1, 6, 1, 3);
        double[] expected = [((3 * 0) + (3 * 80) + 160) / 7.0, (80 + (3 * 160) + (3 * 240) + 0) / 8.0, (240 + 0 + 0) / 7.0];
        Assert.Equal(expected.Select(static value => (byte)Math.Floor(value + 0.5)), halved.Where(static (_, i) => i % 3 == 0));
    }

    [Fact]
    public void Bilinear_TwiceTheHeight_InterpolatesBetweenRows()
    {
        byte[] column = [0, 0, 0, 100, 100, 100];
        Assert.Equal([0, 25, 75, 100], ImageResize.Bilinear(column, 2, 1, 4, 1).Where(static (_, i) => i % 3 == 0).Select(static value => (int)value));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(2, 3)]
    public void Bilinear_WrongExtents_Throws(int height, int width) =>
        Assert.Throws<ArgumentException>(() => ImageResize.Bilinear(new byte[12], height, width, 4, 4));
}
