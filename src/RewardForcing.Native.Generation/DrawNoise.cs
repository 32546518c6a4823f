using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Draws the noise that goes onto the clean prediction of a step.</summary>
/// <param name="pass">Where the tensor is to live.</param>
/// <param name="step">The step whose prediction it goes onto, from 0.</param>
/// <returns>Standard normal numbers of the shape and type of the prediction, <c>[B, C, f, H, W]</c>.</returns>
public delegate Tensor DrawNoise(Pass pass, int step);
