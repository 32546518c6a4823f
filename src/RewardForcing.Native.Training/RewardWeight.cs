using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>How much a clip counts in rewarded distribution matching, <c>exp(beta · reward)</c>.</summary>
/// <remarks>Reward Forcing (arXiv 2512.04678), Re-DMD; its beta is the reciprocal of the configuration's. Spec: training 3.3.</remarks>
public static class RewardWeight
{
    /// <summary>Computes the weight in double.</summary>
    /// <param name="beta">Key <c>beta</c> of the configuration, 2 in Reward Forcing.</param>
    /// <param name="reward">The standardised reward of the clip.</param>
    public static double Of(double beta, double reward) => Math.Exp(beta * reward);

    /// <summary>Computes the weight as the reference does: exponent, reward, their product and the weight are each rounded to BF16; infinite where it is beyond that type.</summary>
    /// <param name="beta">Key <c>beta</c> of the configuration.</param>
    /// <param name="reward">The standardised reward of the clip.</param>
    public static double Rounded(double beta, double reward) => BFloat16.Round((float)Math.Exp(BFloat16.Round(BFloat16.Round((float)beta) * BFloat16.Round((float)reward))));

    /// <summary>How many clips of a group count, by weight: <c>(sum w)² / sum w²</c>, from 1 to their number.</summary>
    /// <param name="weights">At least one.</param>
    public static double EffectiveCount(IReadOnlyCollection<double> weights)
    {
        // Divided by the largest one, so that no square overflows.
        double largest = weights.Max();
        double sum = weights.Sum(weight => weight / largest);
        return sum * sum / weights.Sum(weight => weight / largest * (weight / largest));
    }
}
