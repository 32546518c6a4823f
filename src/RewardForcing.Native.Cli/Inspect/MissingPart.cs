using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>What a model folder lacks.</summary>
/// <param name="Part">What it is.</param>
/// <param name="Message">What it is and where it was looked for, one sentence.</param>
public sealed record MissingPart(ModelPart Part, string Message);
