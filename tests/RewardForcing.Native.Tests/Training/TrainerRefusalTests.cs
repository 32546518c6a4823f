using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class TrainerRefusalTests
{
    [Fact]
    public void AdamWOptimizer_MappedParameter_IsRefused()
    {
        using CpuDevice cpu = new(1);
        float[] values = [1, 2, 3];
        unsafe
        {
            fixed (float* address = values)
            {
                using Parameter parameter = Parameter.Map(cpu, "w", (nint)address, new Shape(3), DType.F32, new MemoryStream());
                parameter.Trainable = true;
                Assert.Contains("w is mapped from its file", Assert.Throws<ArgumentException>(() => new AdamWOptimizer([parameter], new AdamWSettings(1e-3))).Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void AdamWOptimizer_NarrowParameter_MovesByItsMaster()
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        using Parameter parameter = Parameter.New(cpu, "w", new Shape(1), DType.BF16);
        parameter.Value.CopyFrom<BFloat16>([(BFloat16)1f]);
        parameter.Trainable = true;
        long before = cpu.LiveBytes;
        using (AdamWOptimizer optimizer = new([parameter], new AdamWSettings(1e-4, WeightDecay: 0)))
        {
            for (int step = 0; step < 60; step++)
            {
                using Pass pass = Pass.Inference(cpu);
                parameter.AccumulateGrad(pass.From<float>(new Shape(1), [1f]));
                optimizer.Step();
                optimizer.ClearGrads();
            }

            // Each step alone is less than half of the distance to the next number.
            Assert.Equal(1 - 60e-4, optimizer.StateOf(parameter).Master.ToFloats()[0], 5);
            Assert.Equal(BFloat16.Round(1 - 60e-4f), parameter.Value.ToFloats()[0]);
        }

        Assert.Equal(before, cpu.LiveBytes);
    }

    [Theory]
    [InlineData(10, 3, false, "whole blocks of 3")]
    [InlineData(9, 3, true, "one frame and whole blocks of 3")]
    public void Blocks_FramesDoNotFit_AreRefused(int frames, int perBlock, bool first, string expected)
    {
        SelfForcingRollout rollout = new(null!, null!, [1000f]) { FramesPerBlock = perBlock, IndependentFirstFrame = first };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => rollout.Blocks(frames, hasInitial: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Normalised_NanAndInfinity_BecomeFinite()
    {
        (float[] gradient, double[] normalisers) = DistributionMatching.Normalised([1, 1, 1, 1], [float.NaN, float.PositiveInfinity, 3, float.NegativeInfinity], [0, 0, 2, 2], 1, 100f);
        Assert.Equal([0f, 100f, 1f, -100f], gradient);
        Assert.Equal([1.0], normalisers);
    }
}
