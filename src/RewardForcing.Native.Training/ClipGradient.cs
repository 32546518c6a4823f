using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Finds which way a clip should change.</summary>
/// <param name="pass">An inference pass.</param>
/// <param name="clip">The clip, <c>[B, F, C, H, W]</c>.</param>
/// <param name="batch">Prompts and draws.</param>
/// <param name="weights">How much each sample counts.</param>
public delegate MatchingGradient ClipGradient(Pass pass, Tensor clip, DistillationBatch batch, IReadOnlyList<double> weights);
