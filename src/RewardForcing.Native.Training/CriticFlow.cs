namespace RewardForcing.Native.Training;

/// <summary>What the critic's loss compares with the noise direction; key <c>critic_flow</c>.</summary>
public enum CriticFlow
{
    /// <summary>The flow the network predicts.</summary>
    Direct,

    /// <summary>The reference's detour: to a clean latent by the critic's own schedule and back by the student's, which multiplies the flow by the ratio of the two noise levels.</summary>
    Reference,
}
