using System.Text.Json;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public sealed class PhiloxTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("golden/formats/philox.json"))).RootElement;

    [Fact]
    public void Block_PublishedAndRandomKeys_GivesReferenceWords()
    {
        int cases = 0;
        foreach (JsonElement item in Golden.GetProperty("philox4x32_10").EnumerateArray())
        {
            uint[] counter = Words(item.GetProperty("counter"));
            uint[] key = Words(item.GetProperty("key"));
            (uint R0, uint R1, uint R2, uint R3) words = Philox.Block(counter[0], counter[1], counter[2], counter[3], key[0] | ((ulong)key[1] << 32));
            Assert.Equal(Words(item.GetProperty("out")), new[] { words.R0, words.R1, words.R2, words.R3 });
            cases++;
        }

        Assert.True(cases > 3);
    }

    [Fact]
    public void TorchCudaNormals_ReferenceLayouts_AgreesWithinTolerance()
    {
        int cases = 0;
        foreach (JsonElement item in Golden.GetProperty("cuda_randn_layout").EnumerateArray())
        {
            var values = new float[item.GetProperty("N").GetInt32()];
            Philox.TorchCudaNormals(
                values, item.GetProperty("seed").GetUInt64(), item.GetProperty("offset").GetUInt64(), item.GetProperty("sm").GetInt32(), item.GetProperty("max_threads_per_sm").GetInt32());
            double[] expected = [.. item.GetProperty("values").EnumerateArray().Select(static value => value.GetDouble())];
            Assert.Equal(expected.Length, values.Length);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.InRange(Math.Abs(values[i] - expected[i]), 0, 1e-6 + (1e-5 * Math.Abs(expected[i])));
            }

            cases++;
        }

        Assert.True(cases > 0);
    }

    [Theory]
    [InlineData(132, 2048, 2_096_640, 8)]
    [InlineData(132, 2048, 299_520, 4)]
    [InlineData(128, 1536, 2_096_640, 12)]
    [InlineData(128, 1536, 299_520, 4)]
    public void TorchCudaNormals_LatentSizes_MovesOffsetAsSpecified(int multiprocessors, int threads, int count, ulong expected) =>
        Assert.Equal(expected, Philox.TorchCudaNormals(new float[count], 0, 0, multiprocessors, threads));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(17)]
    public void Normals_ShorterDraw_IsStartOfLongerOne(int count)
    {
        var whole = new float[64];
        var part = new float[count];
        Philox.Normals(whole, 1, 2, 3, 4);
        Philox.Normals(part, 1, 2, 3, 4);
        Assert.Equal(whole[..count], part);
    }

    [Fact]
    public void Normals_ManyValues_HaveMomentsOfNormalDistribution()
    {
        var values = new float[400_000];
        Philox.Normals(values, 0, 7, 1, 42);
        double mean = values.Average(static value => (double)value);
        double variance = values.Average(value => (value - mean) * (value - mean));
        double fourth = values.Average(value => Math.Pow(value - mean, 4));
        Assert.InRange(mean, -0.006, 0.006);
        Assert.InRange(variance, 0.99, 1.01);
        Assert.InRange(fourth, 2.94, 3.06);
    }

    [Fact]
    public void Normals_KnownCounter_GivesTheseBits()
    {
        var values = new float[4];
        Philox.Normals(values, 0, 0, 0, 0);

        // From the published words 6627E8D5 E169C58D BC57AC4C 9B00DBD8.
        double radius = Math.Sqrt(-2 * Math.Log((0x6627E8D5 + 0.5) / 4294967296.0));
        double angle = 2 * Math.PI * (0xE169C58D + 0.5) / 4294967296.0;
        Assert.Equal((float)(radius * Math.Sin(angle)), values[0]);
        Assert.Equal((float)(radius * Math.Cos(angle)), values[1]);
        Assert.Equal(-0.92466, values[0], 4);
    }

    private static uint[] Words(JsonElement array) => [.. array.EnumerateArray().Select(static word => word.GetUInt32())];
}
