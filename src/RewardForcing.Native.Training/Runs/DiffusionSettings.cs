namespace RewardForcing.Native.Training;

/// <summary>What flow-matching pre-training sees.</summary>
/// <remarks>Spec: training 3.9.</remarks>
public sealed record DiffusionSettings
{
    /// <summary>Whether blocks have noise levels of their own under the causal mask (<c>true</c>), or the whole clip one level and sees itself; key <c>causal</c>.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>Whether noisy blocks attend to clean ones; key <c>teacher_forcing</c>.</summary>
    public bool TeacherForcing { get; init; }

    /// <summary>Indices of the schedule that clean context is noised up to; key <c>noise_augmentation_max_timestep</c>.</summary>
    public int ContextNoise { get; init; }

    /// <summary>Share of samples whose prompt is replaced by the empty one, for guidance; key <c>prompt_dropout</c> (ours).</summary>
    public double PromptDropout { get; init; }

    /// <summary>Whether the middle noise levels count most, as in the reference; key <c>loss_weighting</c> (ours): <c>gaussian</c> or <c>none</c>.</summary>
    public bool IsWeighted { get; init; } = true;

    /// <summary>Whether data are videos, encoded as they are read; key <c>load_raw_video</c>.</summary>
    public bool LoadsVideos { get; init; }
}
