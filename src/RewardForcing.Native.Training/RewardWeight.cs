namespace RewardForcing.Native.Training;

/// <summary>How much a clip counts in rewarded distribution matching, <c>exp(beta · reward)</c>.</summary>
/// <remarks>Reward Forcing (arXiv 2512.04678), Re-DMD; its beta is the reciprocal of the configuration's. Spec: training 3.3.</remarks>
public static class RewardWeight
{
    /// <summary>Computes the weight in double.</summary>
    /// <param name="beta">Key <c>beta</c> of the configuration, 2 in Reward Forcing.</param>
    /// <param name="reward">The standardised reward of the clip.</param>
    public static double Of(double beta, double reward) => Math.Exp(beta * reward);
}
