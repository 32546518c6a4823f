using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>A test of what Windows has not: skipped there, counted so, and saying why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute(string why) => Skip = OperatingSystem.IsWindows() ? why : null;
}
