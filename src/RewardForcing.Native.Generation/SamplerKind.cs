namespace RewardForcing.Native.Generation;

/// <summary>How latents are made.</summary>
public enum SamplerKind
{
    /// <summary>Block by block in a few steps, as Reward Forcing, Self Forcing and LongLive do.</summary>
    FewStepCausal,

    /// <summary>Block by block with a solver of many steps and guidance.</summary>
    MultiStepCausal,

    /// <summary>The whole video at once with a solver of many steps and guidance, as Wan does.</summary>
    Bidirectional,

    /// <summary>The whole video at once in a few steps.</summary>
    FewStepBidirectional,
}
