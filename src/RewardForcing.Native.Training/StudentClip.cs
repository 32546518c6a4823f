using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Makes a clip with the student: its own roll-out, or the cleaning of noised data.</summary>
/// <param name="pass">A training pass to record it, or an inference pass.</param>
/// <param name="batch">Prompts and draws.</param>
/// <param name="kept">Takes what has to live until a training pass has gone back, such as caches that checkpointed blocks read again.</param>
/// <returns><c>[B, F, C, H, W]</c>.</returns>
public delegate Tensor StudentClip(Pass pass, DistillationBatch batch, KeptResources kept);
