using RewardForcing.Native.Generation;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public class OdeStepsTests
{
    [Theory]
    [InlineData(5f, 48, new[] { 1000, 750, 500, 250 }, new[] { 0, 12, 24, 36 }, new[] { 1000f, 937.5f, 833.33331f, 625f, 0 })]
    [InlineData(8f, 48, new[] { 1000, 750, 500, 250, 0 }, new[] { 0, 12, 24, 36 }, new[] { 1000f, 960f, 888.8889f, 727.2727f, 0 })]
    [InlineData(3f, 20, new[] { 1000, 500 }, new[] { 0, 10 }, new[] { 1000f, 750f, 0 })]
    [InlineData(5f, 3, new[] { 1000 }, new[] { 0 }, new[] { 1000f, 0 })]
    public void Find_WarpedList_FallsOnSteps(float shift, int steps, int[] list, int[] kept, float[] timesteps)
    {
        OdeSteps found = OdeSteps.Find(new FlowMatchSchedule(shift).Warp(list), steps, shift);
        Assert.Equal(kept, found.Kept);
        Assert.Equal(kept.Length + 1, found.Points);
        Assert.All(timesteps.Zip(found.Timesteps), static pair => Assert.Equal(pair.First, pair.Second, 3));
    }

    [Fact]
    public void Find_OtherShiftThanTheStudents_NamesTheTimestepAndNoNumberOfSteps() =>
        Assert.Contains("the student's timestep 937.5 is none of the 48 of shift 8, of which 935.8", Refused(new FlowMatchSchedule(5).Warp([1000, 750, 500, 250]), 48, 8), StringComparison.Ordinal);

    [Theory]
    [InlineData(50, "48 or 52 steps have them all")]
    [InlineData(2, "4 steps have them all")]
    [InlineData(999, "996 or 1000 steps have them all")]
    public void Find_StepsThatMissTheList_SaysWhichDoNot(int steps, string way) =>
        Assert.Contains(way, Refused(new FlowMatchSchedule(5).Warp([1000, 750, 500, 250]), steps, 5), StringComparison.Ordinal);

    [Fact]
    public void Find_ImpossibleLists_AreRefused()
    {
        Assert.Contains("must fall from noise", Refused([500, 750], 48, 5), StringComparison.Ordinal);
        Assert.Contains("must fall from noise", Refused([0], 48, 5), StringComparison.Ordinal);
        Assert.Contains("from 1 to 1000", Refused([1000], 0, 5), StringComparison.Ordinal);
        Assert.Contains("no number of steps up to 1000", Refused([1000, 123.456f, 77.77f, 5.4321f], 48, 5), StringComparison.Ordinal);
    }

    private static string Refused(float[] wanted, int steps, float shift) => Assert.Throws<ArgumentException>(() => OdeSteps.Find(wanted, steps, shift)).Message;
}
