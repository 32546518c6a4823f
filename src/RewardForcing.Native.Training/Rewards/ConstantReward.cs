using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Finds every clip equally good: rewarded distribution matching is then the plain one.</summary>
/// <param name="Value">The reward.</param>
public sealed record ConstantReward(double Value = 0) : IReward
{
    /// <inheritdoc/>
    public IReadOnlyList<double> Judge(Pass silent, Tensor frames, IReadOnlyList<string> prompts) => [.. Enumerable.Repeat(Value, frames.Shape[0])];
}
