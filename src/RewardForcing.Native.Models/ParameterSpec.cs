using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>A parameter a network declares: the checkpoint's key in the original layout and the shape it must have.</summary>
/// <param name="Name">Key, verbatim.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Optional">Whether a checkpoint may lack it.</param>
public sealed record ParameterSpec(string Name, Shape Shape, bool Optional = false);
