using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Processors with less SIMD, by the runtime's own settings: results stay within the same budgets.</summary>
public class SimdSettingsTests
{
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
