namespace RewardForcing.Native.Training;

/// <summary>What a step of a trainer reports.</summary>
/// <param name="Losses">Loss of each micro-batch divided by their number, so that they add up to that of the step.</param>
/// <param name="GradientNorm">Length of all gradients before clipping.</param>
/// <param name="Weights">Weight of each micro-batch by its reward; ones without.</param>
public sealed record StepResult(IReadOnlyList<double> Losses, double GradientNorm, IReadOnlyList<double> Weights);
