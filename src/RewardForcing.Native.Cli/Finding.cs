namespace RewardForcing.Native.Cli;

/// <summary>One line of the doctor's report.</summary>
/// <param name="Name">What was looked at; the key in JSON.</param>
/// <param name="Found">Whether it is there.</param>
/// <param name="Text">What was found, or a short word for its absence.</param>
/// <param name="LookedIn">Every place that was tried; empty where there was nothing to search.</param>
/// <param name="Advice">What to do about it if it is missing; null if nothing.</param>
public sealed record Finding(string Name, bool Found, string Text, IReadOnlyList<string> LookedIn, string? Advice = null);
