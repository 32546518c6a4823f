using System.Text.Json;
using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Cli;

/// <summary>A configuration in JSON.</summary>
/// <param name="Part">What it is of a model folder; null outside of one.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Description">What it describes, one line; null if this program does not use it.</param>
/// <param name="Values">The object, as the file has it.</param>
public sealed record InspectedConfig(ModelPart? Part, string Path, string? Description, JsonElement Values)
    : InspectedItem(Part, Path);
