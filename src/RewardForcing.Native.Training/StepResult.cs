namespace RewardForcing.Native.Training;

/// <summary>What a step of a trainer reports.</summary>
/// <param name="Losses">Loss of each micro-batch divided by their number, so that they add up to that of the step.</param>
/// <param name="GradientNorm">Length of all gradients before clipping.</param>
/// <param name="Weights">Weight of each sample by its reward; ones without.</param>
public sealed record StepResult(IReadOnlyList<double> Losses, double GradientNorm, IReadOnlyList<double> Weights)
{
    /// <summary>Standardised reward of each sample; empty without a reward.</summary>
    public IReadOnlyList<double> Rewards { get; init; } = [];

    /// <summary>Mean size of the matching gradient; 0 where there is none.</summary>
    public double GradientSize { get; init; }
}

