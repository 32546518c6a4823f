using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What decides how much memory a training takes.</summary>
public sealed record TrainingPlanRequest
{
    private const string Small = "Wan2.1-T2V-1.3B";
    private const string Large = "Wan2.1-T2V-14B";

    /// <summary>Sizes of the network in training.</summary>
    public required WanConfig Student { get; init; }

    /// <summary>Sizes of the critic; null where there is none.</summary>
    public WanConfig? Critic { get; init; }

    /// <summary>Sizes of the teacher; null where there is none.</summary>
    public WanConfig? Teacher { get; init; }

    /// <summary>Name of the teacher, for messages.</summary>
    public string TeacherName { get; init; } = "the teacher";

    /// <summary>How its weights lie on the device.</summary>
    public TeacherPlacement TeacherAs { get; init; }

    /// <summary>Shape of a batch of clips, <c>[B, F, C, H, W]</c>.</summary>
    public Shape Latents { get; init; } = new(1, 21, 16, 60, 104);

    /// <summary>Latent frames of a block of the roll-out.</summary>
    public int BlockFrames { get; init; } = 3;

    /// <summary>Latent frames a block attends to; -1 for all.</summary>
    public int WindowFrames { get; init; } = -1;

    /// <summary>Type of the activations. In BF16 weights have a working copy beside their F32 masters.</summary>
    public DType Type { get; init; } = DType.BF16;

    /// <summary>Whether blocks are computed again on the way back.</summary>
    public bool Checkpoints { get; init; } = true;

    /// <summary>Whether gradients go into past frames by way of the caches.</summary>
    public bool StraightThrough { get; init; }

    /// <summary>Whether the student's optimiser averages gradients.</summary>
    public bool StudentHasMoment { get; init; }

    /// <summary>Whether the critic's optimiser averages gradients.</summary>
    public bool CriticHasMoment { get; init; }

    /// <summary>Whether the student's weights are averaged.</summary>
    public bool HasAverage { get; init; }

    /// <summary>Whether the average lies in host memory.</summary>
    public bool AverageOnHost { get; init; }

    /// <summary>Whether the text encoder stays on the device, as it does here; else prompts were encoded before.</summary>
    public bool KeepsTextEncoder { get; init; }

    /// <summary>What judges clips.</summary>
    public PlannedReward Reward { get; init; }

    /// <summary>GPUs the training runs on.</summary>
    public int Gpus { get; init; } = 1;

    /// <summary>What is divided among them.</summary>
    public TrainingSharding Sharding { get; init; }

    /// <summary>What a run's settings decide.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="sizesOf">Sizes of a network by its name; null knows the published ones and the folders below <c>checkpoint_path</c>.</param>
    /// <exception cref="ModelFormatException">A network's config is damaged.</exception>
    /// <exception cref="ArgumentException">Nothing is known of a network's sizes, or it is no transformer that is trained.</exception>
    public static TrainingPlanRequest Of(TrainingSettings settings, Func<string, WanConfig>? sizesOf = null)
    {
        if (settings.Trainer == TrainerKind.Vae)
        {
            throw new ArgumentException("plan: trainer vae has no plan; only the trainings of transformers have.", nameof(settings));
        }

        sizesOf ??= name => Sizes(settings.ModelRoot, name);
        bool asksTeacher = settings.Trainer is TrainerKind.ScoreDistillation or TrainerKind.RewardedDistillation;
        return new TrainingPlanRequest
        {
            Student = sizesOf(settings.GeneratorName),
            Critic = asksTeacher || settings.Trainer == TrainerKind.Gan ? sizesOf(settings.FakeName) : null,
            Teacher = asksTeacher ? sizesOf(settings.RealName) : null,
            TeacherName = settings.RealName,
            TeacherAs = settings.Score.StreamsTeacher ? TeacherPlacement.Streamed : TeacherPlacement.Resident,
            Latents = settings.Latents.With(0, settings.BatchSize),
            BlockFrames = settings.Rollout.FramesPerBlock,
            WindowFrames = settings.Rollout.WindowFrames,
            Type = settings.Type,
            Checkpoints = settings.Checkpointing,
            StraightThrough = settings.Rollout.CacheGradient == CacheGradient.StraightThrough,
            StudentHasMoment = settings.Generator.Beta1 > 0,
            CriticHasMoment = settings.Critic.Beta1 > 0,
            HasAverage = settings.AverageDecay > 0,
            KeepsTextEncoder = true,
            Reward = settings.Trainer == TrainerKind.RewardedDistillation && settings.Score.Reward == "motion" ? PlannedReward.Motion : PlannedReward.None,
        };
    }

    private static WanConfig Sizes(string root, string name)
    {
        string folder = Directory.Exists(name) ? name : Path.Combine(root, name);
        return Directory.Exists(folder) && ModelFolder.Open(folder).TryFind(ModelPart.TransformerConfig) is { } file ? WanConfig.FromFile(file)
            : Is(name, Large) ? WanConfig.T2V14B
            : Is(name, Small) ? WanConfig.T2V1_3B
            : throw new ArgumentException($"plan: nothing is known of the sizes of {name}: {folder} has no config.json, and it is neither {Small} nor {Large}.");
    }

    private static bool Is(string name, string published) => Path.GetFileName(Path.TrimEndingDirectorySeparator(name)).Equals(published, StringComparison.OrdinalIgnoreCase);
}
