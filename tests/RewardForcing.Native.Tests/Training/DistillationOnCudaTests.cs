using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Tests.Cuda;
using RewardForcing.Native.Tests.Golden;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

/// <summary>Whole steps of distillation in BF16 on the simulated device, within twice what the processor is off in BF16 and a rounding; in F32 the golden suite runs them.</summary>
public sealed class DistillationOnCudaTests
{
    // A step moves weights by less than a rounding of theirs, so what they moved by says nothing in BF16; the golden suite asks for it in F32.
    private const string Moved = "minus initial weights (concatenated)";

    [NvrtcTheory]
    [InlineData("e2e_redmd_e1", "grad.")]
    [InlineData("loop_a1_b09_refcritic", "out.s0.critic_grad_norm")]
    public void RunFile_StepsInBf16OnSimulatedCuda_AreWithinTheBudgetOfTheProcessor(string name, string needed)
    {
        string path = Fixtures.Path($"golden/training/{name}.safetensors");
        GoldenResult result = GoldenSuiteTests.RunOnSimulatedCuda(device => RoundedSuite.RunFile(path, device));
        Assert.Null(result.Failure);
        Comparison[] asked = [.. result.Comparisons.Where(static comparison => !comparison.Tensor.EndsWith(Moved, StringComparison.Ordinal))];
        Assert.Contains(asked, comparison => comparison.Tensor.StartsWith(needed, StringComparison.Ordinal));
        string[] wrong = [.. asked.Where(static comparison => !comparison.Passed).Select(static comparison => $"{comparison.Tensor}: {comparison.Error:G3}, {comparison.Tolerance:G3} allowed")];
        Assert.True(wrong.Length == 0, $"{wrong.Length} of {asked.Length}: {string.Join("; ", wrong.Take(20))}");
    }
}
