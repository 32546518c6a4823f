using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Roll-outs as a configuration asks for them.</summary>
/// <remarks>Spec: training 2.</remarks>
internal static class StudentRollout
{
    /// <summary>How a student rolls out.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="student">The network.</param>
    /// <param name="schedule">Its noise levels.</param>
    /// <param name="timesteps">Its denoising steps.</param>
    public static StudentClip Of(TrainingSettings settings, WanTransformer student, FlowMatchSchedule schedule, IReadOnlyList<float> timesteps)
    {
        RolloutSettings rollout = settings.Rollout;
        SelfForcingRollout made = new(student, schedule, timesteps)
        {
            FramesPerBlock = rollout.FramesPerBlock,
            IndependentFirstFrame = rollout.IndependentFirstFrame,
            GradientFrames = rollout.Frames,
            Refresh = rollout.Refresh,
            ContextTimestep = rollout.ContextTimestep,
        };
        return Distillation.RollingOut(made, new DistillationSettings { CacheGradient = rollout.CacheGradient }, (draws, initial) => Open(settings, student, draws, initial));
    }

    // Nothing is evicted in training.
    private static CausalState Open(TrainingSettings settings, WanTransformer student, RolloutDraws draws, Tensor? initial)
    {
        int frames = draws.Noise.Shape[1] + (initial?.Shape[1] ?? 0);
        RolloutSettings rollout = settings.Rollout;
        CachePolicy policy = CachePolicy.RewardForcing with { WindowFrames = rollout.WindowFrames, SinkFrames = rollout.SinkFrames, CapacityFrames = Math.Max(frames, rollout.WindowFrames) };
        return new CausalState(student, policy, draws.Noise.Shape[0], draws.Noise.Shape[3], draws.Noise.Shape[4], settings.Type, frames);
    }
}
