using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Makes a clip with the student: its own roll-out, or the cleaning of noised data.</summary>
/// <param name="pass">A training pass to record it, or an inference pass.</param>
/// <param name="batch">Prompts and draws.</param>
/// <returns><c>[B, F, C, H, W]</c>.</returns>
public delegate Tensor StudentClip(Pass pass, DistillationBatch batch);
