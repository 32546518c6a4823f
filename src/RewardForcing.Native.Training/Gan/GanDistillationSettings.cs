using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Training;

/// <summary>The numbers of adversarial distillation.</summary>
/// <remarks>Spec: training 3.8.</remarks>
public sealed record GanDistillationSettings
{
    /// <summary>Rates of the student; key <c>gen_lr</c>.</summary>
    public AdamWSettings Generator { get; init; } = new(2e-6);

    /// <summary>Rates of the discriminator; key <c>critic_lr</c>.</summary>
    public AdamWSettings Critic { get; init; } = new(4e-7);

    /// <summary>Factor of the learning rate of read-outs and classifier; key <c>discriminator_lr_multiplier</c>.</summary>
    public double DiscriminatorShare { get; init; } = 1;

    /// <summary>Steps at the beginning in which nothing but read-outs and classifier learns, with beta1 0.9; key <c>discriminator_warmup_steps</c>.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Largest length of all gradients of a network together.</summary>
    public double LargestGradient { get; init; } = 10;

    /// <summary>Steps of the discriminator for each one of the student; key <c>dfake_gen_update_ratio</c>.</summary>
    public int Ratio { get; init; } = 5;

    /// <summary>Share that the average of the student's weights keeps; key <c>ema_weight</c>. 0 keeps no average.</summary>
    public double AverageDecay { get; init; } = 0.99;

    /// <summary>Steps after which the average begins; key <c>ema_start_step</c>.</summary>
    public long AverageStart { get; init; } = 200;
}
