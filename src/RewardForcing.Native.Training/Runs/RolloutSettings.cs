using RewardForcing.Native.Models;

namespace RewardForcing.Native.Training;

/// <summary>How a student makes clips in training.</summary>
/// <remarks>Spec: training 2 and 4.11.</remarks>
public sealed record RolloutSettings
{
    /// <summary>Latent frames of a roll-out at most; key <c>num_training_frames</c>.</summary>
    public int Frames { get; init; } = 21;

    /// <summary>Latent frames of a block; key <c>num_frame_per_block</c>.</summary>
    public int FramesPerBlock { get; init; } = 3;

    /// <summary>Whether the first frame is a block of its own; key <c>independent_first_frame</c>.</summary>
    public bool IndependentFirstFrame { get; init; }

    /// <summary>Denoising steps as the schedule of 1000 has them; key <c>denoising_step_list</c>.</summary>
    public IReadOnlyList<int> DenoisingSteps { get; init; } = [];

    /// <summary>Whether they are looked up in the shifted schedule; key <c>warp_denoising_step</c>.</summary>
    public bool WarpsSteps { get; init; }

    /// <summary>Whether all blocks are taken at one step; key <c>same_step_across_blocks</c>.</summary>
    public bool SameStep { get; init; } = true;

    /// <summary>Whether every block is taken at the last step; key <c>last_step_only</c>.</summary>
    public bool LastStepOnly { get; init; }

    /// <summary>Whether the first latent frame is given; key <c>i2v</c>.</summary>
    public bool IsImageToVideo { get; init; }

    /// <summary>Timestep of the pass that refreshes the caches; key <c>context_noise</c>.</summary>
    public float ContextTimestep { get; init; }

    /// <summary>What goes into the caches; key <c>context_refresh_noise</c>: <c>none</c> or <c>reference</c> (ours).</summary>
    public ContextRefresh Refresh { get; init; }

    /// <summary>Where gradients of past frames go; key <c>kv_grad</c>: <c>detached</c> or <c>straight_through</c> (ours).</summary>
    public CacheGradient CacheGradient { get; init; }

    /// <summary>Shift of the student's schedule; key <c>model_kwargs.timestep_shift</c>.</summary>
    public float StudentShift { get; init; } = 5;

    /// <summary>Latent frames a block attends to; key <c>model_kwargs.local_attn_size</c>; -1 for all.</summary>
    public int WindowFrames { get; init; } = -1;

    /// <summary>Latent frames at the start that never leave the window; key <c>model_kwargs.sink_size</c>.</summary>
    public int SinkFrames { get; init; }

    /// <summary>Whether the first frame of stored clips is a block of its own: asked for, or given.</summary>
    public bool StartsAlone => IndependentFirstFrame || IsImageToVideo;

    /// <summary>What each frame sees where a causal network sees a stored clip at once.</summary>
    public TrainingMask Mask() => new() { FramesPerBlock = FramesPerBlock, LocalFrames = WindowFrames, IndependentFirstFrame = StartsAlone };
}
