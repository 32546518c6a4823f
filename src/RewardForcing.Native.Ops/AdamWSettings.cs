namespace RewardForcing.Native.Ops;

/// <summary>The rates of AdamW.</summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Share of the old mean of gradients, 0 to 1 (exclusive); 0 in Reward Forcing.</param>
/// <param name="Beta2">Share of the old mean of squares, 0 to 1 (exclusive).</param>
/// <param name="Eps">Added to the root.</param>
/// <param name="WeightDecay">Decoupled decay, of all parameters.</param>
public readonly record struct AdamWSettings(double LearningRate, double Beta1 = 0, double Beta2 = 0.999, double Eps = 1e-8, double WeightDecay = 0.01)
{
    /// <summary>Refuses numbers that are no rates.</summary>
    /// <param name="op">Who asks; begins the sentence.</param>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate(string op)
    {
        Check.That(LearningRate >= 0 && double.IsFinite(LearningRate), op, $"the learning rate must be 0 or more, got {LearningRate}.");
        Check.That(Beta1 is >= 0 and < 1, op, $"beta1 must be from 0 to below 1, got {Beta1}.");
        Check.That(Beta2 is >= 0 and < 1, op, $"beta2 must be from 0 to below 1, got {Beta2}.");
        Check.That(Eps > 0, op, $"eps must be above 0, got {Eps}.");
        Check.That(WeightDecay >= 0, op, $"the weight decay must be 0 or more, got {WeightDecay}.");
    }
}
