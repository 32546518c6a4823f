using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("A command is missing.")]
    [InlineData("bogus", "bogus")]
    [InlineData("--no_such_option", "--no_such_option", "doctor")]
    public void Run_CommandLineNotUnderstood_ExitsWithTwoAndNamesIt(string named, params string[] arguments)
    {
        CommandResult result = Command.Run(arguments);

        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    [Fact]
    public void Run_Help_ListsTheCommands()
    {
        CommandResult result = Command.Run("--help");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("doctor", result.Output);
        Assert.Empty(result.Error);
    }
}
