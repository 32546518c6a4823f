using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Golden;

public sealed class RoundedSuiteTests
{
    // Whole image-to-video runs take half a minute twice over; `Parity --device cuda-sim --dtype bf16` runs those too.
    public static TheoryData<string> Cases =>
        [.. RoundedSuite.Find(Fixtures.Path("golden")).Select(static path => Path.GetRelativePath(Fixtures.Root, path).Replace('\\', '/')).Where(static name => !name.Contains("/i2v/", StringComparison.Ordinal))];

    [NvrtcTheory]
    [MemberData(nameof(Cases))]
    public void RunFile_NetworkInBf16OnSimulatedCuda_IsWithinTheBudget(string path)
    {
        GoldenResult result = GoldenSuiteTests.RunOnSimulatedCuda(device => RoundedSuite.RunFile(Fixtures.Path(path), device));
        Assert.True(result.Passed, $"{result.Case}: {result.Failure} {result.Worst}");
    }

    [NvrtcFact]
    public void RunFile_DeviceThatComputesNothing_DoesNotPass()
    {
        using SimulatedDriver driver = new(new SimulatedDriverOptions { SkipsKernels = true });
        using CudaDevice device = SimulatedDevices.On(driver, checkMemory: false);
        GoldenResult result = RoundedSuite.RunFile(Fixtures.Path("golden/models/vb-residual-6-6.safetensors"), device);
        Assert.Null(result.Failure);
        Assert.False(result.Passed);
        Assert.All(result.Comparisons, static comparison => Assert.InRange(comparison.Tolerance, 1.0 / 256, 0.05));
    }
}
