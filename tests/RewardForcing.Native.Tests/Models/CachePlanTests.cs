using RewardForcing.Native.Models;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class CachePlanTests
{
    // Spec: models 2.8 and appendix C. Slots hold frame ids; "a+b" is a sink frame averaged with an evicted one.
    [Theory]
    [InlineData(9, 3, "3,3", "0 1 2 3 4 5")]
    [InlineData(9, 3, "3,3,3", "0 1 2 3 4 5 6 7 8")]
    [InlineData(9, 3, "3,3,3,3", "0+3 1+4 2+5 6 7 8 9 10 11")]
    [InlineData(9, 3, "3,3,3,3,3", "0+3+6 1+4+7 2+5+8 9 10 11 12 13 14")]
    [InlineData(9, 3, "3,3,3,3,3,3", "0+3+6+9 1+4+7+10 2+5+8+11 12 13 14 15 16 17")]
    [InlineData(9, 3, "1,3,3,3", "3 1 2 4 5 6 7 8 9")]
    [InlineData(9, 3, "1,3,3,3,3", "3+4 1+5 2+6 7 8 9 10 11 12")]
    [InlineData(9, 3, "1,1,1,1,1,1,1,1,1,1", "3 1 2 4 5 6 7 8 9")]
    [InlineData(9, 3, "1,1,1,1,1,1,1,1,1,1,1", "4 1 2 5 6 7 8 9 10")]
    [InlineData(6, 1, "3,3,3", "1 4 5 6 7 8")]
    [InlineData(6, 1, "3,3,3,3", "4 7 8 9 10 11")]
    [InlineData(7, 3, "3,3,3", "3 4 2 5 6 7 8")]
    [InlineData(7, 3, "3,3,3,3", "3+5 4+6 2+7 8 9 10 11")]
    public void For_RewardForcing_LeavesTheFramesOfTheReference(int window, int sink, string blocks, string expected)
    {
        CachePolicy policy = CachePolicy.RewardForcing with { WindowFrames = window, SinkFrames = sink };
        Assert.Equal(expected, new Slots(policy, window).Generate(blocks).ToString());
    }

    [Theory]
    [InlineData(9, 3, "3,3,3,3", "0 1 2 6 7 8 9 10 11")]
    [InlineData(9, 3, "3,3,3,3,3,3", "0 1 2 12 13 14 15 16 17")]
    [InlineData(9, 0, "3,3,3,3", "3 4 5 6 7 8 9 10 11")]
    [InlineData(4, 1, "1,1,1,1,1,1,1", "0 4 5 6")]
    public void For_SelfForcing_KeepsTheSinkAsItIs(int window, int sink, string blocks, string expected)
    {
        CachePolicy policy = CachePolicy.SelfForcing with { WindowFrames = window, SinkFrames = sink };
        Assert.Equal(expected, new Slots(policy, window).Generate(blocks).ToString());
    }

    [Fact]
    public void For_LongLive_MatchesItsTrace()
    {
        Assert.Equal("0 1 2 6 7 8 9 10 11 12 13 14", new Slots(CachePolicy.LongLive, 12).Generate("3,3,3,3,3").ToString());
    }

    [Fact]
    public void For_MismatchKept_LeavesTheSinkAlone()
    {
        CachePolicy policy = CachePolicy.RewardForcing with { SinkMismatch = SinkMismatch.Keep };
        Assert.Equal("0 1 2 4 5 6 7 8 9", new Slots(policy, 9).Generate("1,3,3,3").ToString());
    }

    [Fact]
    public void For_FullWindow_KeepsQueriesAtTheEndOfTheWindowForever()
    {
        Slots slots = new(CachePolicy.RewardForcing, 9);
        for (int block = 0; block < 1000; block++)
        {
            CachePlan plan = slots.Pass(3L * block, 3);
            Assert.Equal(Math.Min(3 * block, 6), plan.QueryPosition);
            Assert.Equal(3L * block, plan.StartFrame);
            Assert.True(plan.IsContiguous);
        }
    }

    [Fact]
    public void For_RepeatedPass_ChangesNothingButTheNewestFrames()
    {
        Slots slots = new(CachePolicy.RewardForcing, 9);
        slots.Generate("3,3,3,3");
        CachePlan again = slots.Pass(9, 3);
        Assert.Equal((0, 0, CachePlan.SinkChange.None), (again.Evicted, again.Rolled, again.Change));
        Assert.Equal((6, 12L, 9, 6), (again.WriteFrom, again.GlobalEnd, again.LocalEnd, again.QueryPosition));
    }

    // Appendix C: the training cache holds 21 frames while a block attends to nine.
    [Fact]
    public void For_TrainingGeometry_AttendsToSinkAndNewestFrames()
    {
        Slots slots = new(CachePolicy.RewardForcing with { CapacityFrames = 21 }, 21);
        slots.Generate("3,3,3,3");
        CachePlan plan = slots.Pass(12, 3);
        Assert.Equal((3, 9, 15, 6), (plan.AttendedSink, plan.AttendFrom, plan.End, plan.QueryPosition));
        Assert.False(plan.IsContiguous);
        Assert.Equal("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14", slots.ToString());
    }

    [Fact]
    public void For_NoSink_UsesTheCorrectedQueryPosition()
    {
        Slots slots = new(CachePolicy.RewardForcing with { SinkFrames = 0 }, 9);
        int[] positions = [.. Enumerable.Range(0, 5).Select(block => slots.Pass(3L * block, 3).QueryPosition)];
        Assert.Equal([0, 3, 6, 6, 6], positions);
    }

    [Fact]
    public void For_SinkNotFullYet_AttendsToItsEmptySlots()
    {
        CachePlan plan = CachePlan.For(CachePolicy.RewardForcing with { WindowFrames = 5, SinkFrames = 2 }, 5, 0, 0, 0, 1);
        Assert.Equal((1, 2, 0), (plan.End, plan.AttendEnd, plan.QueryPosition));
    }

    [Fact]
    public void For_LongLiveRecache_ProtectsTheSinkAndLeavesTheCounters()
    {
        Slots slots = new(CachePolicy.LongLive, 12);
        slots.Generate("3,3,3,3,3");
        CachePlan plan = slots.Pass(3, 12);
        Assert.Equal((0, 3, 15L, 12), (plan.WriteFrom, plan.WriteSkip, plan.GlobalEnd, plan.LocalEnd));
        Assert.Equal("0 1 2 6 7 8 9 10 11 12 13 14", slots.ToString());
    }

    [Fact]
    public void For_LongLiveFirstBlock_MayWriteTheSinkInEveryPass()
    {
        Slots slots = new(CachePolicy.LongLive, 12);
        slots.Pass(0, 3);
        Assert.Equal(0, slots.Pass(0, 3).WriteSkip);
    }

    [Fact]
    public void For_LongLiveFrameByFrame_ProtectsSinkFramesAfterTheirFirstPass()
    {
        Slots slots = new(CachePolicy.LongLive, 12);
        slots.Pass(0, 1);
        Assert.Equal(0, slots.Pass(1, 1).WriteSkip);
        Assert.Equal(1, slots.Pass(1, 1).WriteSkip);
    }

    [Theory]
    [InlineData(3, 3, "do not follow")]
    [InlineData(-1, 3, "do not follow")]
    [InlineData(0, 10, "does not fit in a window")]
    public void For_ImpossibleFrames_SaysWhy(long start, int frames, string sentence)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => CachePlan.For(CachePolicy.RewardForcing, 9, 0, 0, start, frames));
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void For_BlockLargerThanWindowBehindSink_Throws()
    {
        Slots slots = new(CachePolicy.RewardForcing with { WindowFrames = 5 }, 5);
        slots.Pass(0, 3);
        Assert.Throws<ArgumentException>(() => slots.Pass(3, 3));
    }

    [Fact]
    public void For_GlobalCacheFull_SaysHowToMakeItLarger()
    {
        Slots slots = new(CachePolicy.SelfForcing, 6);
        slots.Generate("3,3");
        ArgumentException error = Assert.Throws<ArgumentException>(() => slots.Pass(6, 3));
        Assert.Contains("whole length of the video", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Does what a plan says to a list of frame ids.</summary>
    private sealed class Slots(CachePolicy policy, int capacity)
    {
        private readonly string[] _slots = [.. Enumerable.Repeat(string.Empty, capacity)];
        private long _globalEnd;
        private int _localEnd;

        public Slots Generate(string blocks)
        {
            foreach (string block in blocks.Split(','))
            {
                int frames = int.Parse(block, System.Globalization.CultureInfo.InvariantCulture);
                long start = _globalEnd;
                for (int pass = 0; pass < 5; pass++)
                {
                    Pass(start, frames);
                }
            }

            return this;
        }

        public CachePlan Pass(long start, int frames)
        {
            CachePlan plan = CachePlan.For(policy, capacity, _globalEnd, _localEnd, start, frames);
            for (int i = 0; i < Math.Min(plan.Evicted, plan.Sink); i++)
            {
                string evicted = _slots[plan.Sink + i];
                _slots[i] = plan.Change switch
                {
                    CachePlan.SinkChange.Average => $"{_slots[i]}+{evicted}",
                    CachePlan.SinkChange.Overwrite => evicted,
                    _ => _slots[i],
                };
            }

            for (int i = 0; i < plan.Rolled; i++)
            {
                _slots[plan.Sink + i] = _slots[plan.Sink + plan.Evicted + i];
            }

            for (int i = plan.WriteSkip; i < plan.Frames; i++)
            {
                _slots[plan.WriteFrom + i] = $"{start + i}";
            }

            (_globalEnd, _localEnd) = (plan.GlobalEnd, plan.LocalEnd);
            return plan;
        }

        public override string ToString() => string.Join(' ', _slots.Take(_localEnd));
    }
}
