using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What <see cref="DistributionMatching"/> found for a clip.</summary>
/// <param name="Loss">The pseudo-loss, <c>weight / 2 · mean(g²)</c>; its size means nothing, its gradient is what counts.</param>
/// <param name="Seed">Its gradient by the clip, <c>weight · g / N</c>, F32: where the backward pass of the student starts.</param>
/// <param name="Gradient">g, normalised, F32.</param>
/// <param name="MeanSize"><c>mean|g|</c>, for the log.</param>
/// <param name="Normalisers">What the difference of the predictions was divided by, for each sample.</param>
public sealed record MatchingGradient(double Loss, Tensor Seed, Tensor Gradient, double MeanSize, IReadOnlyList<double> Normalisers)
{
    /// <summary>The noised clip.</summary>
    public Tensor? Noisy { get; init; }

    /// <summary>The critic's clean prediction.</summary>
    public Tensor? Fake { get; init; }

    /// <summary>The teacher's clean prediction, guided.</summary>
    public Tensor? Real { get; init; }
}
