using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Judges decoded clips. No gradient flows through it.</summary>
/// <remarks>Raw rewards are standardised by <see cref="RunningStandard"/> and weigh a clip by <see cref="RewardWeight"/>. Spec: training 3.3.</remarks>
public interface IReward
{
    /// <summary>Judges clips.</summary>
    /// <param name="silent">An inference pass.</param>
    /// <param name="frames">Decoded frames, <c>[B, 3, F, H, W]</c>, about -1 to 1.</param>
    /// <param name="prompts">What each clip was to show, B of them.</param>
    /// <returns>A raw reward for each clip; more is better.</returns>
    /// <exception cref="ArgumentException">The frames are of another shape, or there are fewer than the reward needs.</exception>
    IReadOnlyList<double> Judge(Pass silent, Tensor frames, IReadOnlyList<string> prompts);
}
