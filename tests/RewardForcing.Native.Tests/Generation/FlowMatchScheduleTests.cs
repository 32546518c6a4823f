using RewardForcing.Native.Generation;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class FlowMatchScheduleTests
{
    private static readonly int[] Steps = [1000, 750, 500, 250, 0];

    [Theory]
    [InlineData(5f, new[] { 0x447A0000u, 0x446A6000u, 0x44505555u, 0x441C4000u, 0u })]
    [InlineData(8f, new[] { 0x447A0000u, 0x44700000u, 0x445E38E4u, 0x4435D175u, 0u })]
    public void Warp_PublishedStepList_GivesTheseBits(float shift, uint[] expected)
    {
        float[] warped = new FlowMatchSchedule(shift).Warp(Steps);
        Assert.Equal(expected, warped.Select(BitConverter.SingleToUInt32Bits));
    }

    [Fact]
    public void Tables_EveryShift_HaveTheBitsOfTheReference()
    {
        using GoldenFile golden = new(Fixtures.Path("golden/models/d-flowmatch-tables.safetensors"));
        int[] list(string name) => [.. golden.Config.GetProperty(name).EnumerateArray().Select(static step => step.GetInt32())];
        string[] shifts = [.. golden.Names.Where(static name => name.EndsWith(".sigmas", StringComparison.Ordinal) && name.StartsWith("out.shift", StringComparison.Ordinal)).Select(static name => name.Split('.')[1])];
        Assert.NotEmpty(shifts);
        foreach (string shift in shifts)
        {
            FlowMatchSchedule schedule = new(float.Parse(shift["shift".Length..]));
            Assert.Equal(golden.Floats($"out.{shift}.sigmas"), schedule.Sigmas.ToArray());
            Assert.Equal(golden.Floats($"out.{shift}.timesteps"), schedule.Timesteps.ToArray());
            Assert.InRange(GoldenFile.Distance(golden.Floats($"out.{shift}.training_weights"), schedule.TrainingWeights), 0, 1e-5);
            foreach (string letter in new[] { "a", "b", "c" })
            {
                Assert.Equal(golden.Floats($"out.{shift}.warped_{letter}"), schedule.Warp(list($"list_{letter}")));
            }
        }

        FlowMatchSchedule library = new(3, 100, 0.003f / 1.002f, extraOneStep: false);
        Assert.InRange(GoldenFile.Distance(golden.Floats("out.default_library_100.sigmas"), library.Sigmas), 0, 5e-7);
    }

    [Theory]
    [InlineData(5f, 0f, 999, 0.004980f)]
    [InlineData(8f, 0f, 999, 0.007944f)]
    [InlineData(8f, 757f, 720, 0.756757f)]
    [InlineData(8f, 750f, 727, 0.750258f)]
    [InlineData(8f, 522f, 880, 0.521739f)]
    [InlineData(8f, 500f, 889, 0.499719f)]
    [InlineData(8f, 250f, 960, 0.250000f)]
    [InlineData(5f, 750f, 625, 0.750000f)]
    [InlineData(5f, 500f, 833, 0.500600f)]
    [InlineData(5f, 250f, 937, 0.251597f)]
    public void IndexOf_UnwarpedTimestep_TakesNearestEntry(float shift, float timestep, int index, float sigma)
    {
        FlowMatchSchedule schedule = new(shift);
        Assert.Equal(index, schedule.IndexOf(timestep));
        Assert.Equal(sigma, schedule.SigmaOf(timestep), 6);
    }

    [Theory]
    [InlineData(5f, 2.076400f, 1.024862f, 0.031879f)]
    [InlineData(8f, 2.472610f, 0.832399f, 0.060555f)]
    public void TrainingWeights_PublishedChecks_Agree(float shift, float largest, float middle, float last)
    {
        ReadOnlySpan<float> weights = new FlowMatchSchedule(shift).TrainingWeights;
        Assert.Equal(0, weights[0]);
        Assert.InRange(weights.ToArray().Max() - largest, -1e-6f, 1e-6f);
        Assert.InRange(weights[500] - middle, -1e-6f, 1e-6f);
        Assert.InRange(weights[999] - last, -1e-6f, 1e-6f);
    }

    [Fact]
    public void Lookups_ReferenceTimesteps_Agree()
    {
        using GoldenFile golden = new(Fixtures.Path("golden/models/d-flowmatch-ops-shift5.safetensors"));
        FlowMatchSchedule schedule = new(golden.Config.GetProperty("shift").GetSingle());
        float[] timesteps = golden.Floats("in.timestep");
        Assert.Equal(golden.Longs("out.index"), timesteps.Select(timestep => (long)schedule.IndexOf(timestep)));
        Assert.Equal(golden.Floats("out.sigma"), timesteps.Select(schedule.SigmaOf));
        Assert.InRange(GoldenFile.Distance(golden.Floats("out.training_weight"), Array.ConvertAll(timesteps, schedule.TrainingWeightOf)), 0, 1e-5);
    }

    [Fact]
    public void EulerSteps_OneSampleAtTheLastEntry_TakesWholeBatchToZero()
    {
        FlowMatchSchedule schedule = new(5);
        (float last, float other) = (schedule.Timesteps[999], schedule.Timesteps[300]);
        Assert.Equal([-schedule.Sigmas[999], -schedule.Sigmas[300]], schedule.EulerSteps([last, other]));
        Assert.Equal([schedule.Sigmas[301] - schedule.Sigmas[300]], schedule.EulerSteps([other]));
    }

    [Theory]
    [InlineData(1001)]
    [InlineData(-1)]
    public void Warp_StepOutOfRange_Throws(int step) => Assert.Throws<ArgumentException>(() => new FlowMatchSchedule(5).Warp([step]));

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Constructor_ImpossibleShift_Throws(float shift) => Assert.Throws<ArgumentException>(() => new FlowMatchSchedule(shift));
}
