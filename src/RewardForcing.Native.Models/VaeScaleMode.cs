namespace RewardForcing.Native.Models;

/// <summary>The arithmetic of the latents' mean and deviation.</summary>
/// <remarks>Spec: models 6.5.</remarks>
public enum VaeScaleMode
{
    /// <summary>The published constants in float.</summary>
    Fp32,

    /// <summary>As Reward Forcing evaluates them: constants and reciprocals rounded to bfloat16, which shifts the deviations by up to 0.41 %.</summary>
    Bf16Exact,
}
