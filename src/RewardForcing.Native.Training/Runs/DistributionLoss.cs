namespace RewardForcing.Native.Training;

/// <summary>What moves the student; key <c>distribution_loss</c>.</summary>
public enum DistributionLoss
{
    /// <summary><c>dmd</c>: distribution matching (training 3.4).</summary>
    Dmd,

    /// <summary><c>rewardeddmd</c>: distribution matching weighted by a reward (training 3.3).</summary>
    RewardedDmd,

    /// <summary><c>sid</c>: score identity distillation (training 3.7).</summary>
    Sid,

    /// <summary><c>causvid</c>: distribution matching on noised clips of data (training 3.6).</summary>
    CausVid,
}
