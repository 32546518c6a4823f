using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class TrainingMaskTests
{
    // The predicates of the specification (models 2.10), evaluated cell by cell.
    [Theory]
    [InlineData(6, 4, 3, -1, false)]
    [InlineData(9, 2, 3, 4, false)]
    [InlineData(7, 3, 3, 5, true)]
    [InlineData(5, 2, 1, 2, false)]
    public void Attention_BlockCausal_IsThePredicate(int frames, int tokens, int block, int local, bool first)
    {
        AttentionMask mask = new TrainingMask { FramesPerBlock = block, LocalFrames = local, IndependentFirstFrame = first }.Attention(frames, tokens);
        int total = frames * tokens;
        for (int q = 0; q < total; q++)
        {
            int frame = q / tokens;
            int end = tokens * (!first ? block * ((frame / block) + 1) : frame == 0 ? 1 : 1 + (block * (((frame - 1) / block) + 1)));
            for (int k = 0; k < total; k++)
            {
                bool expected = (k < end && (local < 0 || k >= end - (local * tokens))) || k == q;
                Assert.Equal(expected, mask.Allows(q, k, total));
            }
        }
    }

    [Fact]
    public void Attention_TeacherForcingWithFirstFrameAlone_Throws()
    {
        using CpuDevice device = new(1);
        using Pass pass = Pass.Inference(device);
        TrainingMask mask = new() { CleanX = pass.New(new Shape(1)), IndependentFirstFrame = true };
        Assert.Throws<ArgumentException>(() => mask.Attention(3, 2));
    }
}
