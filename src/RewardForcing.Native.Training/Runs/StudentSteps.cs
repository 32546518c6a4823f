using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Training;

/// <summary>The few steps of a student, and the blocks its frames belong to.</summary>
internal static class StudentSteps
{
    /// <summary>Timesteps of the denoising steps, most noise first; a 0 at the end is dropped.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static float[] Of(RolloutSettings settings, FlowMatchSchedule schedule)
    {
        GenerationSettings steps = new() { DenoisingSteps = settings.DenoisingSteps, WarpSteps = settings.WarpsSteps };
        return settings.DenoisingSteps.Count == 0 || settings.DenoisingSteps[0] == 0
            ? throw new ArgumentException("denoising_step_list: this trainer needs the student's steps, such as [1000, 750, 500, 250].")
            : steps.FewStepTimesteps(schedule);
    }

    /// <summary>The block of a frame, from 0; null for a first frame that is given.</summary>
    /// <param name="settings">Frames of a block.</param>
    /// <param name="frame">From 0.</param>
    public static int? BlockOf(RolloutSettings settings, int frame)
    {
        int single = settings.StartsAlone ? 1 : 0;
        return frame >= single ? single + ((frame - single) / settings.FramesPerBlock) : settings.IsImageToVideo ? null : 0;
    }

    /// <summary>The timesteps, on the unshifted scale of 1000, between which a clip taken at a step lies: what scores may be asked at with <c>ts_schedule</c>.</summary>
    /// <param name="schedule">The student's.</param>
    /// <param name="timesteps">Its steps.</param>
    /// <param name="exit">The step a clip was taken at.</param>
    public static (int From, int To) Span(FlowMatchSchedule schedule, IReadOnlyList<float> timesteps, int exit) =>
        (FlowMatchSchedule.TrainTimesteps - schedule.IndexOf(timesteps[exit]), exit + 1 < timesteps.Count ? FlowMatchSchedule.TrainTimesteps - schedule.IndexOf(timesteps[exit + 1]) : 0);
}
