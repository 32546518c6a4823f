using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Processors with less SIMD, by the runtime's own settings: results stay within the same budgets.</summary>
public class SimdSettingsTests
{
    // With all that this processor has.
    private static readonly Lazy<string[]> AllBits = new(static () =>
        Command.RunProgram("RewardForcing.Native.TestProcess", new Dictionary<string, string>(), "bits").Output.ReplaceLineEndings("\n").Split('\n'));

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void Parity_SettingSwitchedOff_AllModelsAgreeWithTheirReference(string setting)
    {
        CommandResult result = Run("Parity", setting, Fixtures.Path("golden/models"));
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains($"kernels {Expected(setting)}\n", result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Matches(@"\n[1-9]\d+ passed, 0 failed, 0 of kinds", result.Output.ReplaceLineEndings("\n"));
    }

    // Without AVX-512 only the choice of kernels changes, and every choice is tried in process: only narrower vectors are left to try.
    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void OpCases_SettingSwitchedOff_AllOpsAreTheirFormulas(string setting)
    {
        CommandResult result = Run("RewardForcing.Native.TestProcess", setting, "cases", "cpu");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains($"kernels {Expected(setting)}\n", result.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Matches(@"\n[1-9]\d+ ops, \d{3,} sizes, 0 complaints", result.Output.ReplaceLineEndings("\n"));
    }

    // The simulated device is a GPU on any processor: not within a budget, but bit by bit.
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    public void SimulatedKernels_SettingSwitchedOff_GiveTheSameBits(string setting)
    {
        CommandResult result = Run("RewardForcing.Native.TestProcess", setting, "bits");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        string[] lines = result.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.Equal($"kernels {Expected(setting)}", lines[0]);
        string[] expected = AllBits.Value;
        Assert.True(expected.Length > 50);
        Assert.Equal(expected.Skip(1), lines.Skip(1));
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    public void Conformance_SettingSwitchedOff_EveryInstructionIsAsDefined(string setting)
    {
        CommandResult result = Run("KernelLab", setting, "conformance", "--fixtures", Fixtures.Path("ptx"), "--device", "cuda-sim-checked");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Equal(Directory.GetFiles(Fixtures.Path("ptx"), "*.txt").Length, result.Output.Split("cases run, 0 complaints").Length - 1);
    }

    private static CommandResult Run(string program, string setting, params string[] arguments) =>
        Command.RunProgram(program, new Dictionary<string, string> { [setting] = "0" }, arguments);

    // The kernels that must be left, so that a setting whose name the runtime does not know fails here.
    private static string Expected(string setting) => setting switch
    {
        "DOTNET_EnableHWIntrinsic" => "Scalar",
        _ when AdvSimd.IsSupported => "PortableWide",
        "DOTNET_EnableAVX512" when Avx2.IsSupported => "Avx2",
        _ => "Portable",
    };
}
