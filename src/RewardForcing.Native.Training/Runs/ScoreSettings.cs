namespace RewardForcing.Native.Training;

/// <summary>How teacher and critic are asked, and what is made of their answers.</summary>
/// <remarks>Spec: training 3.1 to 3.7 and 4.11.</remarks>
public sealed record ScoreSettings
{
    /// <summary>Shift of the timesteps scores are asked at, and of the noise put on clips; key <c>timestep_shift</c>.</summary>
    public float TimestepShift { get; init; } = 1;

    /// <summary>Shift of the schedules that turn their flow into clean latents; key <c>score_shift</c> (ours), 8 in the reference.</summary>
    public float ConversionShift { get; init; } = 8;

    /// <summary>Whether the timestep is at least that of the student's next step; key <c>ts_schedule</c>.</summary>
    public bool SchedulesLeast { get; init; } = true;

    /// <summary>Whether it is at most that of the step the student stopped at; key <c>ts_schedule_max</c>.</summary>
    public bool SchedulesMost { get; init; }

    /// <summary>Smallest timestep drawn; key <c>min_score_timestep</c>.</summary>
    public int LeastTimestep { get; init; }

    /// <summary>Factor of the teacher's difference between with and without prompt; keys <c>real_guidance_scale</c>, else <c>guidance_scale</c>.</summary>
    public double TeacherGuidance { get; init; }

    /// <summary>The same for the critic; key <c>fake_guidance_scale</c>.</summary>
    public double CriticGuidance { get; init; }

    /// <summary>What guidance leads away from; key <c>negative_prompt</c>.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Whether the teacher's blocks stay in host memory and are brought to the GPU one after the other; key <c>stream_teacher</c> (ours).</summary>
    public bool StreamsTeacher { get; init; }

    /// <summary>Steps of the critic for each of the student; key <c>dfake_gen_update_ratio</c>.</summary>
    public int Ratio { get; init; } = 5;

    /// <summary>Exponent of the reward; key <c>beta</c>, the reciprocal of the paper's.</summary>
    public double Beta { get; init; }

    /// <summary>Name of the reward; key <c>reward</c> (ours): <c>motion</c> or <c>constant</c>.</summary>
    public string Reward { get; init; } = "motion";

    /// <summary>What the critic's loss compares; key <c>critic_flow</c> (ours).</summary>
    public CriticFlow CriticFlow { get; init; }

    /// <summary>Whether the critic's loss is that of clean latents; key <c>denoising_loss_type: x0</c>.</summary>
    public bool ComparesX0 { get; init; }

    /// <summary>Weight of the squared difference; key <c>sid_alpha</c>.</summary>
    public double SidAlpha { get; init; } = 1;

    /// <summary>Which loop makes steps of gradients; key <c>loop</c> (ours): <c>intended</c> or <c>reference</c>.</summary>
    public TrainingLoop Loop { get; init; }

    /// <summary>Weight that what was seen before keeps in the statistics that rewards are standardised by; key <c>reward_statistics_decay</c> (ours); 1 forgets nothing.</summary>
    public double RewardKeep { get; init; } = 1;
}
