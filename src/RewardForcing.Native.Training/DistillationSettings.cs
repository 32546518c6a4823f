using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Training;

/// <summary>The numbers of a distillation; the defaults are those of Reward Forcing.</summary>
/// <remarks>Spec: training 4.3 to 4.5 and 4.11.</remarks>
public sealed record DistillationSettings
{
    /// <summary>Rates of the student; keys <c>lr</c>, <c>beta1</c>, <c>beta2</c>, <c>weight_decay</c>.</summary>
    public AdamWSettings Generator { get; init; } = new(2e-6);

    /// <summary>Rates of the critic; keys <c>lr_critic</c>, <c>beta1_critic</c>, <c>beta2_critic</c>.</summary>
    public AdamWSettings Critic { get; init; } = new(4e-7);

    /// <summary>Largest length of all gradients of the student together; key <c>max_grad_norm_generator</c>.</summary>
    public double LargestGradient { get; init; } = 10;

    /// <summary>The same of the critic; key <c>max_grad_norm_critic</c>.</summary>
    public double LargestCriticGradient { get; init; } = 10;

    /// <summary>Steps of the critic for each one of the student; key <c>dfake_gen_update_ratio</c>.</summary>
    public int Ratio { get; init; } = 5;

    /// <summary>Exponent of the reward, the reciprocal of the paper's; key <c>beta</c>. 0 is plain distribution matching.</summary>
    public double Beta { get; init; } = 2;

    /// <summary>Share that the average of the student's weights keeps; key <c>ema_weight</c>. 0 keeps no average.</summary>
    public double AverageDecay { get; init; } = 0.99;

    /// <summary>Steps after which the average begins; key <c>ema_start_step</c>.</summary>
    public long AverageStart { get; init; } = 200;

    /// <summary>Where gradients of past frames go; key <c>kv_grad</c>.</summary>
    public CacheGradient CacheGradient { get; init; }

    /// <summary>What the critic's loss compares; key <c>critic_flow</c>.</summary>
    public CriticFlow CriticFlow { get; init; }

    /// <summary>Whether the critic's loss compares clean latents; key <c>denoising_loss_type: x0</c>.</summary>
    public bool ComparesX0 { get; init; }

    /// <summary>Which loop makes steps of gradients; key <c>loop</c>.</summary>
    public TrainingLoop Loop { get; init; }

    /// <summary>Micro-batches of a step; key <c>gradient_accumulation_steps</c>. Only the reference's loop asks, whose turns are single micro-batches.</summary>
    public int Accumulation { get; init; } = 1;
}
