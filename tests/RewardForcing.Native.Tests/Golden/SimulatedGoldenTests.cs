using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Golden;

/// <summary>The golden cases, forward and back, on the simulated device.</summary>
/// <typeparam name="TPart">Which of them. Each part is a class of its own, so that they run side by side.</typeparam>
public abstract class SimulatedGoldenTests<TPart>
    where TPart : IGoldenPart
{
    private const int Parts = 3;

    public static TheoryData<string> Cases =>
        [.. GoldenSuite.Find(Fixtures.Path("golden")).Where(static (_, i) => i % Parts == TPart.Number).Select(static path => Path.GetRelativePath(Fixtures.Root, path).Replace('\\', '/'))];

    [NvrtcTheory]
    [MemberData(nameof(Cases))]
    public void RunFile_EveryFixtureOnSimulatedCuda_AgreesWithItsReference(string path)
    {
        GoldenResult result = GoldenSuiteTests.RunOnSimulatedCuda(device => GoldenSuite.RunFile(Fixtures.Path(path), device));
        Assert.True(result.Passed, $"{result.Case}: {result.Failure} {result.Worst}");
    }
}

/// <summary>Numbers a part of the cases.</summary>
public interface IGoldenPart
{
    static abstract int Number { get; }
}

public sealed class FirstSimulatedGoldenTests : SimulatedGoldenTests<FirstSimulatedGoldenTests>, IGoldenPart
{
    public static int Number => 0;
}

public sealed class SecondSimulatedGoldenTests : SimulatedGoldenTests<SecondSimulatedGoldenTests>, IGoldenPart
{
    public static int Number => 1;
}

public sealed class ThirdSimulatedGoldenTests : SimulatedGoldenTests<ThirdSimulatedGoldenTests>, IGoldenPart
{
    public static int Number => 2;
}
