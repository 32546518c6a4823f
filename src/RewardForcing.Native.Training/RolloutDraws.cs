using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Everything random in a roll-out, drawn before it starts or when it is asked for.</summary>
/// <param name="Noise">Where the generated frames start, <c>[B, F, C, H, W]</c>.</param>
/// <param name="Exits">The step at which each block is taken, 0 to steps - 1.</param>
/// <param name="Renoise">Noise put on a block after a step, <c>[B, f, C, H, W]</c>, by block and step.</param>
/// <param name="ContextNoise">Noise of the pass that refreshes the caches, <c>[B, f, C, H, W]</c>, by block; not asked for with <see cref="ContextRefresh.Clean"/>.</param>
public sealed record RolloutDraws(Tensor Noise, IReadOnlyList<int> Exits, Func<Pass, int, int, Tensor> Renoise, Func<Pass, int, Tensor> ContextNoise);
