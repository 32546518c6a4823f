namespace RewardForcing.Native.Training;

/// <summary>What is trained and how; key <c>trainer</c>.</summary>
public enum TrainerKind
{
    /// <summary><c>diffusion</c>: flow matching on data, of a bidirectional network or of a causal one.</summary>
    Diffusion,

    /// <summary><c>ode</c>: a causal student regresses its teacher's trajectories.</summary>
    Ode,

    /// <summary><c>score_distillation</c>: distillation without a reward, by <c>distribution_loss</c>.</summary>
    ScoreDistillation,

    /// <summary><c>rewarded_distillation</c>: distribution matching weighted by a reward.</summary>
    RewardedDistillation,

    /// <summary><c>gan</c>: a critic with a discriminator on top.</summary>
    Gan,

    /// <summary><c>vae</c>: the video autoencoder; a trainer the reference does not have.</summary>
    Vae,
}
