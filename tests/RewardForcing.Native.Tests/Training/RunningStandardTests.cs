using System.Text.Json.Nodes;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class RunningStandardTests
{
    private static readonly double[] Rewards = [3.5, -1.25, 0.75, 8, 2, 2.5, -4, 1e3];

    [Theory]
    [InlineData(1)]
    [InlineData(0.8)]
    public void Standardise_OneByOne_UsesTheWeightedMeanAndDeviation(double keep)
    {
        RunningStandard standard = new(keep);
        for (int n = 1; n <= Rewards.Length; n++)
        {
            double[] weights = [.. Enumerable.Range(0, n).Select(i => Math.Pow(keep, n - 1 - i))];
            double mean = Rewards.Take(n).Zip(weights, static (r, w) => r * w).Sum() / weights.Sum();
            double deviation = Math.Sqrt(Rewards.Take(n).Zip(weights, (r, w) => (r - mean) * (r - mean) * w).Sum() / weights.Sum());
            double got = standard.Standardise([Rewards[n - 1]])[0];
            Assert.Equal(n == 1 ? 0 : (Rewards[n - 1] - mean) / deviation, got, 1e-9);
            Assert.InRange(Math.Abs(got), 0, Math.Sqrt(Math.Max(n - 1, 0)) * (keep == 1 ? 1.0000001 : 10));
        }
    }

    [Fact]
    public void Standardise_AGroup_TakesAllOfItInFirst()
    {
        IReadOnlyList<double> got = new RunningStandard().Standardise([1, 2, 3, 6]);
        double deviation = Math.Sqrt(14.0 / 4);
        Assert.All(got.Zip([-2.0, -1, 0, 3]), pair => Assert.Equal(pair.Second / deviation, pair.First, 1e-12));
    }

    [Fact]
    public void Standardise_AllTheSame_GivesZero()
    {
        RunningStandard standard = new();
        Assert.All(Enumerable.Range(0, 50).SelectMany(_ => standard.Standardise([0.1, 0.1, 0.1])), static value => Assert.Equal(0, value));
    }

    [Fact]
    public void Load_FromText_ContinuesToTheLastBit()
    {
        RunningStandard whole = new(0.9), first = new(0.9), second = new(0.9);
        whole.Standardise(Rewards);
        first.Standardise(Rewards[..3]);
        second.Load(JsonNode.Parse(first.Save().ToJsonString())!.AsObject());
        Assert.Equal(Mixed(whole), Mixed(second));

        double[] Mixed(RunningStandard standard)
        {
            IReadOnlyList<double> got = standard == whole ? new RunningStandard(0.9).Standardise(Rewards) : standard.Standardise(Rewards[3..]);
            return [.. got.Skip(got.Count - 5), standard.Mean, standard.Deviation, standard.Weight];
        }
    }

    [Fact]
    public void Standardise_RewardNotFinite_ChangesNothing()
    {
        RunningStandard standard = new();
        standard.Standardise([1, 2]);
        Assert.Contains("NaN", Assert.Throws<NotFiniteNumberException>(() => standard.Standardise([5, double.NaN])).Message, StringComparison.Ordinal);
        Assert.Equal((2.0, 1.5), (standard.Weight, standard.Mean));
    }

    [Theory]
    [InlineData("""{"weight":1,"mean":0}""", "squares")]
    [InlineData("""{"weight":"a","mean":0,"squares":0}""", "weight must be a finite number")]
    [InlineData("""{"weight":-1,"mean":0,"squares":0}""", "0 or more")]
    public void Load_NumberMissingOrImpossible_IsRefused(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => new RunningStandard().Load(JsonNode.Parse(json)!.AsObject())).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void RunningStandard_KeepOutOfRange_IsRefused(double keep) => Assert.Throws<ArgumentOutOfRangeException>(() => new RunningStandard(keep));

    [Theory]
    [InlineData(new[] { 2.0, 2, 2, 2 }, 4)]
    [InlineData(new[] { 1.0, 0 }, 1)]
    [InlineData(new[] { 1e200, 1e200, 1 }, 2)]
    [InlineData(new[] { 3.0, 1 }, 1.6)]
    public void EffectiveCount_Weights_CountsThoseThatMatter(double[] weights, double expected) => Assert.Equal(expected, RewardWeight.EffectiveCount(weights), 1e-12);
}
