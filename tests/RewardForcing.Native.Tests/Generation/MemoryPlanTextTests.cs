using RewardForcing.Native.Cli;
using RewardForcing.Native.Generation;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class MemoryPlanTextTests
{
    private static readonly MemoryPlan Plan = new(
        [
            new MemoryPhase("encoding text", [new MemoryOwner("text encoder weights", 3L << 30)]),
            new MemoryPhase("generating", [new MemoryOwner("transformer weights", 2L << 30), new MemoryOwner("decoder at work", 1L << 20), new MemoryOwner("captured passes", 512L << 20), new MemoryOwner("keys", 1L << 30)]),
        ],
        8L << 30);

    [Fact]
    public void Summary_SeveralPhases_NamesTheLargestAndItsLargestOwners()
    {
        Assert.True(Plan.Fits);
        Assert.False((Plan with { FreeBytes = 3L << 30 }).Fits);
        Assert.Equal(
            "3.59 GiB needed while generating, 8.00 GiB free; the largest: transformer weights 2.00 GiB, keys 1.00 GiB, captured passes 512.0 MiB", Plan.Summary);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Display_PlanOfARun_IsShownWhereMoreThanOneSentenceIsAskedFor(bool isVerbose)
    {
        StringWriter output = new(), error = new();
        await GenerateDisplay.Run(output, error, isVerbose, tell =>
        {
            tell.Report(new RunEvent.Memory(Plan));
            return Task.CompletedTask;
        });
        string[] expected =
        [
            "memory while encoding text: at most 3.00 GiB", "  text encoder weights: 3.00 GiB", "memory while generating: at most 3.50 GiB", "  transformer weights: 2.00 GiB",
            "  decoder at work: 1.0 MiB", "  captured passes: 512.0 MiB", "  keys: 1.00 GiB", "memory: 3.59 GiB needed with 96.0 MiB for the driver, 8.00 GiB free", "",
        ];
        Assert.Equal(isVerbose ? expected : [""], error.ToString().ReplaceLineEndings("\n").Split('\n'));
        Assert.Empty(output.ToString());
    }
}
