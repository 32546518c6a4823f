using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>Something that could not be read.</summary>
/// <param name="Part">What it is of a model folder; null outside of one.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Message">Why not, one sentence.</param>
public sealed record InspectedFailure(ModelPart? Part, string Path, string Message)
    : InspectedItem(Part, Path);
