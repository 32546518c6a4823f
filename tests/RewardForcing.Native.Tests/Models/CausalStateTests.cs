using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class CausalStateTests : IDisposable
{
    private readonly CpuDevice _device = new(2, checkMemory: true);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void ForwardCausal_FirstBlock_EqualsTheBidirectionalModel()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using CausalState state = Start(model, CachePolicy.RewardForcing);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 3);
        float[] whole = model.Forward(pass, x, [937.5f], TinyWan.Text(pass)).ToFloats();
        Assert.True(TinyWan.RelativeError(model.ForwardCausal(pass, x, [937.5f], state, 0).ToFloats(), whole) < 1e-6);
    }

    [Fact]
    public void ForwardCausal_MoreLayers_NeedNoMoreActivations()
    {
        Assert.Equal(PeakActivations(3), PeakActivations(9));
    }

    [Theory]
    [InlineData("reward-forcing")]
    [InlineData("longlive")]
    [InlineData("self-forcing")]
    public void ForwardCausal_CacheOnly_LeavesTheSameCachesAndReturnsNothing(string policy)
    {
        using WanTransformer model = TinyWan.Create(_device);
        using CausalState full = Start(model, CachePolicy.FromName(policy));
        using CausalState lean = Start(model, CachePolicy.FromName(policy));
        for (int block = 0; block < 6; block++)
        {
            using Pass pass = Pass.Inference(_device);
            Tensor x = TinyWan.Video(pass, 1, 3, seed: block);
            model.ForwardCausal(pass, x, [0], full, 3 * block);
            Assert.Equal(0, model.ForwardCausal(pass, x, [0], lean, 3 * block, cacheOnly: true).Count);
        }

        for (int layer = 0; layer < TinyWan.Config.Layers; layer++)
        {
            Assert.Equal(full.K(layer).ToFloats(), lean.K(layer).ToFloats());
            Assert.Equal(full.V(layer).ToFloats(), lean.V(layer).ToFloats());
        }

        Assert.Equal((full.GlobalEnd, full.LocalEnd), (lean.GlobalEnd, lean.LocalEnd));
    }

    [Fact]
    public void ForwardCausal_BatchOfTwo_EqualsTwoBatchesOfOne()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using CausalState both = Start(model, CachePolicy.RewardForcing, batch: 2);
        using CausalState first = Start(model, CachePolicy.RewardForcing, text: 0);
        using CausalState second = Start(model, CachePolicy.RewardForcing, text: 1);
        for (int block = 0; block < 5; block++)
        {
            using Pass pass = Pass.Inference(_device);
            Tensor x = TinyWan.Video(pass, 2, 3, seed: block);
            float[] together = model.ForwardCausal(pass, x, [500, 250], both, 3 * block).ToFloats();
            float[] one = model.ForwardCausal(pass, pass.Slice(x, 0, 1), [500], first, 3 * block).ToFloats();
            float[] two = model.ForwardCausal(pass, pass.Slice(x, 1, 1), [250], second, 3 * block).ToFloats();
            Assert.True(TinyWan.RelativeError(together, [.. one, .. two]) < 1e-6);
        }
    }

    [Theory]
    [InlineData(SinkPrecision.Bf16Exact)]
    [InlineData(SinkPrecision.Fp32)]
    public void ForwardCausal_BFloat16_StaysCloseToFloat(SinkPrecision precision)
    {
        using WanTransformer model = TinyWan.Create(_device);
        CachePolicy policy = CachePolicy.RewardForcing with { SinkPrecision = precision, SinkAlpha = 0.9f };
        using CausalState full = Start(model, policy);
        using CausalState half = new(model, policy, 1, 4, 4, DType.BF16, 0);
        using Pass setup = Pass.Inference(_device);
        half.SetText(setup, setup.Slice(TinyWan.Text(setup, 2), 0, 1));
        for (int block = 0; block < 6; block++)
        {
            using Pass pass = Pass.Inference(_device);
            Tensor x = Cast.Forward(pass, TinyWan.Video(pass, 1, 3, seed: block), DType.BF16);
            float[] expected = model.ForwardCausal(pass, Cast.Forward(pass, x, DType.F32), [0], full, 3 * block).ToFloats();
            Assert.InRange(TinyWan.RelativeError(model.ForwardCausal(pass, x, [0], half, 3 * block).ToFloats(), expected), 1e-5, 0.05);
        }
    }

    // Attention depends on distances only: with the same input in every block, nothing changes once the window is full,
    // however far the absolute positions run. A table of 1024 rows would end at frame 1023.
    [Fact]
    public void ForwardCausal_AbsolutePositionsBeyond2000_GiveTheSameFlow()
    {
        using WanTransformer model = TinyWan.Create(_device, TinyWan.Config with { Layers = 1 });
        using CausalState state = Start(model, CachePolicy.SelfForcing with { WindowFrames = 6 }, height: 2, width: 2);
        float[] early = [];
        for (int block = 0; block < 700; block++)
        {
            using Pass pass = Pass.Inference(_device);
            float[] flow = model.ForwardCausal(pass, TinyWan.Video(pass, 1, 3, 2, 2), [0], state, 3 * block).ToFloats();
            early = block == 2 ? flow : early;
            Assert.True(block <= 2 || TinyWan.RelativeError(flow, early) < 2e-5, $"block {block}");
        }

        Assert.Equal(2100, state.GlobalEndFrame);
    }

    [Fact]
    public void ForwardCausal_PoliciesAgreeUntilTheWindowRolls_AndDifferAfterwards()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using CausalState relative = Start(model, CachePolicy.RewardForcing with { SinkUpdate = SinkUpdateRule.Static });
        using CausalState absolute = Start(model, CachePolicy.SelfForcing with { WindowFrames = 9, SinkFrames = 3 });
        for (int block = 0; block < 5; block++)
        {
            using Pass pass = Pass.Inference(_device);
            Tensor x = TinyWan.Video(pass, 1, 3, seed: block);
            double error = TinyWan.RelativeError(
                model.ForwardCausal(pass, x, [0], relative, 3 * block).ToFloats(), model.ForwardCausal(pass, x, [0], absolute, 3 * block).ToFloats());
            Assert.Equal(block >= 3, error > 1e-5);
        }
    }

    [Fact]
    public void ForwardCausal_WindowInsideALargerCache_EqualsTheRollingCache()
    {
        using WanTransformer model = TinyWan.Create(_device);
        CachePolicy rolling = CachePolicy.RewardForcing with { SinkUpdate = SinkUpdateRule.Static };
        using CausalState tight = Start(model, rolling);
        using CausalState large = Start(model, rolling with { CapacityFrames = 21 });
        for (int block = 0; block < 7; block++)
        {
            using Pass pass = Pass.Inference(_device);
            Tensor x = TinyWan.Video(pass, 1, 3, seed: block);
            float[] expected = model.ForwardCausal(pass, x, [0], tight, 3 * block).ToFloats();
            Assert.True(TinyWan.RelativeError(model.ForwardCausal(pass, x, [0], large, 3 * block).ToFloats(), expected) < 2e-6, $"block {block}");
        }
    }

    [Fact]
    public void ForwardCausal_CancelledHalfWay_RefusesToGoOnUntilReset()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using CausalState state = Start(model, CachePolicy.RewardForcing);
        using CancellationTokenSource source = new();
        using Pass pass = Pass.Inference(_device, source.Token);
        Tensor x = TinyWan.Video(pass, 1, 3);
        state.Begin(0, 3);
        Assert.Throws<InvalidOperationException>(() => model.ForwardCausal(pass, x, [0], state, 0));
        state.ResetFrames();
        Assert.Equal(x.Shape, model.ForwardCausal(pass, x, [0], state, 0).Shape);
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => model.ForwardCausal(pass, x, [0], state, 3));
        Assert.Equal(3, state.GlobalEndFrame);
    }

    [Fact]
    public void Reset_AfterAGeneration_GivesTheSameAsAFreshState()
    {
        using WanTransformer model = TinyWan.Create(_device);
        CachePolicy policy = CachePolicy.RewardForcing with { WindowFrames = 5, SinkFrames = 2 };
        using CausalState state = Start(model, policy);
        using Pass pass = Pass.Inference(_device);
        float[][] Generate() => [.. Enumerable.Range(0, 7).Select(i => model.ForwardCausal(pass, TinyWan.Video(pass, 1, 1, seed: i), [0], state, i).ToFloats())];
        float[][] fresh = Generate();
        state.Reset();
        Assert.False(state.HasText);
        Assert.Throws<InvalidOperationException>(() => model.ForwardCausal(pass, TinyWan.Video(pass, 1, 1), [0], state, 0));
        state.SetText(pass, TinyWan.Text(pass));
        Assert.Equal(fresh, Generate());
    }

    [Fact]
    public void Dispose_AfterUse_GivesAllMemoryBack()
    {
        using WanTransformer model = TinyWan.Create(_device);
        long before = _device.LiveBytes;
        using (CausalState state = Start(model, CachePolicy.RewardForcing))
        {
            long held = _device.LiveBytes;
            for (int block = 0; block < 4; block++)
            {
                using Pass pass = Pass.Inference(_device);
                model.ForwardCausal(pass, TinyWan.Video(pass, 1, 3), [0], state, 3 * block);
            }

            Assert.Equal(held, _device.LiveBytes);
        }

        Assert.Equal(before, _device.LiveBytes);
    }

    [Fact]
    public void Constructor_ImpossibleSizes_Throws()
    {
        using WanTransformer model = TinyWan.Create(_device);
        Assert.Throws<ArgumentException>(() => new CausalState(model, CachePolicy.RewardForcing, 1, 3, 4, DType.F32, 21));
        Assert.Throws<ArgumentException>(() => new CausalState(model, CachePolicy.SelfForcing, 1, 4, 4, DType.F32, 0));
        Assert.Throws<ArgumentException>(() => new CausalState(model, CachePolicy.RewardForcing with { SinkFrames = 9 }, 1, 4, 4, DType.F32, 21));
        Assert.Throws<ArgumentException>(() => new CausalState(model, CachePolicy.RewardForcing, 1, 4, 4, DType.F16, 21));
    }

    private long PeakActivations(int layers)
    {
        using WanTransformer model = TinyWan.Create(_device, TinyWan.Config with { Layers = layers });
        using CausalState state = Start(model, CachePolicy.RewardForcing);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 3);
        long before = _device.LiveBytes;
        _device.ResetPeak();
        model.ForwardCausal(pass, x, [500], state, 0);
        return _device.PeakBytes - before;
    }

    private CausalState Start(WanTransformer model, CachePolicy policy, int batch = 1, int text = 0, int height = 4, int width = 4)
    {
        CausalState state = new(model, policy, batch, height, width, DType.F32, 21);
        using Pass pass = Pass.Inference(_device);
        state.SetText(pass, pass.Slice(TinyWan.Text(pass, 2), text, batch));
        return state;
    }
}
