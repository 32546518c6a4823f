using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>One row of training data.</summary>
/// <param name="Prompt">What it shows; empty if nobody said.</param>
/// <param name="Shape">Extents of <paramref name="Values"/>, as <see cref="ClipKind"/> tells them.</param>
/// <param name="Values">Row-major; pixels are 0 to 255.</param>
public sealed record Clip(string Prompt, Shape Shape, float[] Values);
