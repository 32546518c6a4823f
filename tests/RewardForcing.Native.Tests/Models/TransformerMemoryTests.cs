using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

/// <summary>Plans of the published models at the published size, beside the sums of the specification (models 8.4).</summary>
public sealed class TransformerMemoryTests
{
    // The pool's size classes waste up to an eighth.
    private const double Waste = 1.125;

    private static readonly TransformerMemory Published = new(WanConfig.T2V1_3B, DType.BF16, 1, 60, 104, 32 << 20);

    [Theory]
    [InlineData("reward-forcing", 2.588e9)]
    [InlineData("longlive", 3.450e9)]
    [InlineData("causvid", 6.038e9)]
    public void Caches_PublishedModel_AreThoseOfTheSpecification(string policy, double bytes) =>
        Assert.InRange(Published.Caches(CachePolicy.FromName(policy), 21), bytes * 0.999, bytes * Waste);

    [Fact]
    public void Context_PublishedModel_IsThatOfTheSpecification() => Assert.InRange(Published.Context, 94.3e6, 94.4e6 * Waste);

    [Fact]
    public void Vae_PublishedModel_KeepsTheFramesOfTheSpecification()
    {
        DecoderMemory decoder = DecoderMemory.Vae(VaeConfig.Wan21, DType.BF16, new Shape(1, 3, 60, 104, 16), new WeightMemory(254 << 20, 8 << 20, 0), historyOnHost: false, 0);
        Assert.InRange(decoder.History, 1.888e9, 1.889e9 * Waste);
        Assert.InRange(decoder.Working, 1e9, 1.6e9);
        Assert.Equal(0, DecoderMemory.Vae(VaeConfig.Wan21, DType.BF16, new Shape(1, 3, 60, 104, 16), default, historyOnHost: true, 0).History);
    }

    [Fact]
    public void CausalPasses_LongVideo_CapturesNoMorePassesThanAreKept()
    {
        static IEnumerable<(long First, int Frames, int Passes)> Blocks(int count) => Enumerable.Range(0, count).Select(static block => (3L * block, 3, 4));
        (long pass, long captured) = Published.CausalPasses(CachePolicy.RewardForcing, 300, Blocks(100), replays: true);
        Assert.Equal((pass, captured), Published.CausalPasses(CachePolicy.RewardForcing, 30, Blocks(10), replays: true));
        Assert.Equal(0, Published.CausalPasses(CachePolicy.RewardForcing, 30, Blocks(10), replays: false).Captured);
        Assert.InRange(pass, 0.2e9, 0.6e9);
        Assert.InRange(captured, 1e9, 6 * 0.7e9);
    }
}
