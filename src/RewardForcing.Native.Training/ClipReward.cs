using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Judges clips.</summary>
/// <param name="pass">An inference pass.</param>
/// <param name="clip">The clips, <c>[B, F, C, H, W]</c>.</param>
/// <param name="batch">Prompts and draws.</param>
/// <returns>The standardised reward of each sample.</returns>
public delegate IReadOnlyList<double> ClipReward(Pass pass, Tensor clip, DistillationBatch batch);
