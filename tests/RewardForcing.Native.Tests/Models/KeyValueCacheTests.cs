using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class KeyValueCacheTests : IDisposable
{
    private const int TokensPerFrame = 2;
    private readonly CpuDevice _device = new(1, checkMemory: true);

    public void Dispose() => _device.Dispose();

    // Spec: models 2.8, "value = frame id".
    [Theory]
    [InlineData(4, new[] { 0.003f, 1.003f, 2.003f, 6, 7, 8, 9, 10, 11 })]
    [InlineData(5, new[] { 0.008997f, 1.008997f, 2.008997f, 9, 10, 11, 12, 13, 14 })]
    [InlineData(6, new[] { 0.017988f, 1.017988f, 2.017988f, 12, 13, 14, 15, 16, 17 })]
    [InlineData(8, new[] { 0.04494f, 1.04494f, 2.04494f, 18, 19, 20, 21, 22, 23 })]
    public void Update_ValueIsFrameId_MatchesTheWorkedExample(int blocks, float[] expected)
    {
        float[] frames = Generate(CachePolicy.RewardForcing, DType.F32, blocks);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], frames[i], 1e-5f);
        }
    }

    [Fact]
    public void Update_Bf16Exact_HardlyMovesTheSinkAndFp32Does()
    {
        float[] exact = Generate(CachePolicy.RewardForcing, DType.BF16, 40);
        float[] shadow = Generate(CachePolicy.RewardForcing with { SinkPrecision = SinkPrecision.Fp32 }, DType.BF16, 40);
        float[] ideal = Generate(CachePolicy.RewardForcing, DType.F32, 40);

        // Frame ids above 256 are rounded in bfloat16, so none is used here: 40 blocks are 120 frames.
        Assert.Equal((float)(BFloat16)ideal[1], shadow[1], 0.01f);
        Assert.True(Math.Abs(exact[2] - ideal[2]) > 0.05f, $"exact {exact[2]}, ideal {ideal[2]}");
    }

    [Theory]
    [InlineData(1.5f, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 1.0078125f)]
    [InlineData(8, 1.0078125f)]
    public void Update_Bf16SinkOfOne_FollowsTheReferencesRounding(float evicted, float expected)
    {
        using KeyValueCache cache = Create(CachePolicy.RewardForcing with { WindowFrames = 3, SinkFrames = 1 }, DType.BF16);
        float[] values = [1, evicted, 5, 6];
        (long global, int local) = (0, 0);
        for (int frame = 0; frame < values.Length; frame++)
        {
            Write(cache, CachePlan.For(CachePolicy.RewardForcing with { WindowFrames = 3, SinkFrames = 1 }, 3, global, local, frame, 1), values[frame], 0, false);
            (global, local) = (frame + 1, Math.Min(3, frame + 1));
        }

        Assert.Equal(expected, cache.Keys(0, 0).ToFloats()[0]);
    }

    private float[] Generate(CachePolicy policy, DType dtype, int blocks)
    {
        using KeyValueCache cache = Create(policy, dtype);
        (long global, int local, bool shadow) = (0, 0, false);
        for (int block = 0; block < blocks; block++)
        {
            for (int step = 0; step < 5; step++)
            {
                CachePlan plan = CachePlan.For(policy, 9, global, local, 3 * block, 3);
                Write(cache, plan, 3 * block, 1, shadow);
                (global, local) = (plan.GlobalEnd, plan.LocalEnd);
                shadow |= plan.Change == CachePlan.SinkChange.Average;
            }
        }

        float[] values = cache.Values(0, 0).ToFloats();
        Assert.Equal(values, cache.Keys(0, 0).ToFloats());
        return [.. Enumerable.Range(0, 9).Select(frame => values[frame * TokensPerFrame * 4])];
    }

    private KeyValueCache Create(CachePolicy policy, DType dtype) =>
        new(_device, new WanConfig { Dim = 4, Heads = 2, Layers = 1 }, policy, 1, policy.WindowFrames, TokensPerFrame, dtype);

    private void Write(KeyValueCache cache, CachePlan plan, float first, float step, bool shadowIsValid)
    {
        using Pass pass = Pass.Inference(_device);
        float[] values = [.. Enumerable.Range(0, plan.Frames).SelectMany(frame => Enumerable.Repeat(first + (step * frame), TokensPerFrame * 4))];
        Tensor fresh = Cast.Forward(pass, pass.From<float>(new Shape(1, plan.Frames * TokensPerFrame, 2, 2), values), cache.DType);
        cache.Update(pass, 0, plan, fresh, fresh, shadowIsValid);
    }
}
