namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>What a finished process left behind.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error);
