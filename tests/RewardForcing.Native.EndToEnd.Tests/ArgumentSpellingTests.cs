using RewardForcing.Native.Cli;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class ArgumentSpellingTests
{
    private static readonly HashSet<string> _declared = ["--config_path", "--seed", "--prompt"];

    [Theory]
    [InlineData("--config-path", "--config_path")]
    [InlineData("--config-path=a-b/c-d.yaml", "--config_path=a-b/c-d.yaml")]
    [InlineData("--config_path", "--config_path")]
    [InlineData("--un-known", "--un-known")]
    [InlineData("a-red-fox", "a-red-fox")]
    [InlineData("--prompt=--config-path", "--prompt=--config-path")]
    public void Normalize_OneArgument_RewritesOnlyTheNameOfADeclaredOption(string typed, string expected)
    {
        Assert.Equal([expected], ArgumentSpelling.Normalize([typed], _declared));
    }

    [Fact]
    public void Normalize_AfterDoubleDash_LeavesEverythingAsItIs()
    {
        Assert.Equal(["--config_path", "--", "--config-path"], ArgumentSpelling.Normalize(["--config-path", "--", "--config-path"], _declared));
    }
}
