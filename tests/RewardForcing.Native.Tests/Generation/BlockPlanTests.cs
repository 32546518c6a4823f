using RewardForcing.Native.Generation;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class BlockPlanTests
{
    [Theory]
    [InlineData(3, false, 0, 21, new int[0], new[] { 3, 3, 3, 3, 3, 3, 3 })]
    [InlineData(3, true, 0, 7, new int[0], new[] { 1, 3, 3 })]
    [InlineData(3, true, 1, 6, new[] { 1 }, new[] { 3, 3 })]
    [InlineData(3, true, 7, 3, new[] { 1, 3, 3 }, new[] { 3 })]
    [InlineData(3, false, 6, 3, new[] { 3, 3 }, new[] { 3 })]
    [InlineData(1, false, 2, 3, new[] { 1, 1 }, new[] { 1, 1, 1 })]
    [InlineData(1, true, 0, 3, new int[0], new[] { 1, 1, 1 })]
    public void Constructor_FramesThatFit_CutsThem(int size, bool single, int given, int frames, int[] groups, int[] blocks)
    {
        BlockPlan plan = new(size, single, given, frames);
        Assert.Equal(groups, plan.Given);
        Assert.Equal(blocks, Enumerable.Range(0, plan.Blocks).Select(plan.FramesOf));
        int at = 0;
        for (int block = 0; block < plan.Blocks; block++)
        {
            Assert.Equal(at, plan.FirstOf(block));
            at += plan.FramesOf(block);
        }

        Assert.Equal(frames, at);
    }

    [Theory]
    [InlineData(3, false, 0, 20)]
    [InlineData(3, true, 0, 21)]
    [InlineData(3, false, 1, 3)]
    [InlineData(3, true, 3, 3)]
    [InlineData(3, true, 1, 4)]
    [InlineData(3, false, 0, 0)]
    [InlineData(0, false, 0, 3)]
    public void Constructor_FramesThatDoNotFit_Throws(int size, bool single, int given, int frames) =>
        Assert.Throws<ArgumentException>(() => new BlockPlan(size, single, given, frames));
}
