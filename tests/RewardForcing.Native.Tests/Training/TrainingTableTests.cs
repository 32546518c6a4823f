using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class TrainingTableTests
{
    [Theory]
    [InlineData("loop_counts.json")]
    [InlineData("kv_window_table.json")]
    [InlineData("metrics.json")]
    public void RunFile_TableOfTraining_AgreesWithItsReference(string file)
    {
        GoldenResult result = GoldenSuite.RunFile(Fixtures.Path("golden/training/" + file));
        Assert.True(result.Passed, $"{result.Case}: {result.Failure} {result.Worst}");
    }

    // Spec: training 4.2, what the published run does and what it was meant to do.
    [Fact]
    public void Count_PublishedRun_DoesWhatTheReferenceDoes()
    {
        LoopCounts counts = new LoopPlan(TrainingLoop.Reference, 8, 5).Count(601, 200, 600);
        Assert.Equal((16L, 32L, 601L, 677L, 22L), (counts.GeneratorBackwards, counts.GeneratorMoves, counts.CriticBackwards, counts.CriticMoves, counts.AverageUpdates));
        Assert.Empty(counts.Saves);
    }
}
