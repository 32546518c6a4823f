using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class FrameRateTests
{
    [Theory]
    [InlineData(16, 16, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(0.5, 1, 2)]
    [InlineData(12.5, 25, 2)]
    [InlineData(23.976, 2997, 125)]
    [InlineData(24000.0 / 1001, 24000, 1001)]
    [InlineData(30000.0 / 1001, 30000, 1001)]
    [InlineData(29.97, 2997, 100)]
    [InlineData(1.0 / 3, 1, 3)]
    [InlineData(65535, 65535, 1)]
    [InlineData(1.0 / 65535, 1, 65535)]
    public void From_Number_IsTheFractionItStandsFor(double fps, int frames, int seconds)
    {
        Assert.Equal(new FrameRate(frames, seconds), FrameRate.From(fps));
    }

    [Theory]
    [InlineData(Math.PI)]
    [InlineData(16.000001)]
    [InlineData(0.123456789)]
    [InlineData(54321.12345)]
    public void From_FractionThatDoesNotFit_IsClose(double fps)
    {
        FrameRate rate = FrameRate.From(fps);
        Assert.InRange(rate.Frames, 1, 65535);
        Assert.InRange(rate.Seconds, 1, 65535);
        Assert.InRange((double)rate.Frames / rate.Seconds / fps, 1 - 1e-5, 1 + 1e-5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-16)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(65536)]
    [InlineData(1e-9)]
    public void From_OutOfRange_SaysTheRange(double fps)
    {
        Assert.Contains("between 1/65535 and 65535", Assert.Throws<ArgumentException>(() => FrameRate.From(fps)).Message);
    }
}
