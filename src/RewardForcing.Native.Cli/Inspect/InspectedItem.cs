using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>One thing that was looked at.</summary>
/// <param name="Part">What it is of a model folder; null outside of one.</param>
/// <param name="Path">Where it is.</param>
public abstract record InspectedItem(ModelPart? Part, string Path);
