using System.Text.Json.Nodes;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Distillation as a configuration asks for it: distribution matching, plain or rewarded, score identity, or CausVid's on noised data.</summary>
/// <remarks>Spec: training 2 to 4.</remarks>
internal sealed class DistillationTrainer : Trainer
{
    private readonly TrainingSettings _settings;
    private readonly DistillationNetworks _networks;
    private readonly DistillationBatches _batches;
    private readonly FlowMatchSchedule _schedule;
    private readonly float[] _timesteps;
    private readonly Distillation _distillation;
    private readonly StandardReward? _reward;

    /// <summary>Opens data and prepares the optimisers.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="networks">Student, teacher, critic, text encoder, VAE; disposed with the trainer.</param>
    public DistillationTrainer(TrainingSettings settings, DistillationNetworks networks)
    {
        (_settings, _networks) = (settings, networks);
        RolloutSettings rollout = settings.Rollout;
        ScoreSettings score = settings.Score;
        _schedule = new FlowMatchSchedule(rollout.StudentShift);
        _timesteps = StudentSteps.Of(rollout, _schedule);
        FlowMatchSchedule conversion = new(score.ConversionShift);
        ScoreNetwork teacher = new(networks.Teacher, conversion), critic = new(networks.Critic, conversion);
        DistillationSettings numbers = new()
        {
            Generator = settings.Generator,
            Critic = settings.Critic,
            LargestGradient = settings.LargestGenerator,
            LargestCriticGradient = settings.LargestCritic,
            Ratio = score.Ratio,
            Beta = settings.Loss == DistributionLoss.RewardedDmd ? score.Beta : 0,
            AverageDecay = settings.AverageDecay,
            AverageStart = settings.AverageStart,
            CacheGradient = rollout.CacheGradient,
            CriticFlow = score.CriticFlow,
            ComparesX0 = score.ComparesX0,
            Loop = score.Loop,
            Accumulation = settings.Accumulation,
        };
        _batches = new DistillationBatches(settings, networks.Texts, _schedule, _timesteps);
        _reward = settings.Loss == DistributionLoss.RewardedDmd ? new StandardReward(settings, networks) : null;
        networks.Teacher.Weights.Train(false);
        networks.Student.CheckpointsBlocks = networks.Critic.CheckpointsBlocks = settings.Checkpointing;
        _distillation = new Distillation(networks.Student, critic, _schedule, numbers, Clip(), Gradient(teacher, critic), _reward is null ? null : _reward.Judge);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts =>
    [
        new("generator", _networks.Student.Weights, _distillation.StudentOptimizer, _distillation.Average),
        new("critic", _networks.Critic.Weights, _distillation.CriticOptimizer, null),
    ];

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => new(_networks.Student, _networks.Texts, IsFewStep: true, IsCausal: true, _batches.FirstPrompts);

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        PhaseClock clock = new();
        _distillation.Clock = clock;
        _distillation.StudentOptimizer.Settings = _settings.RateAt(_settings.Generator, Steps);
        _distillation.CriticOptimizer.Settings = _settings.RateAt(_settings.Critic, Steps);
        int micros = _distillation.Turn.Backwards;
        Dictionary<string, double> values = [];
        if (_distillation.IsGeneratorStep)
        {
            Report(values, _distillation.Generator((pass, micro) => _batches.Make(pass, Steps, micro, isGenerator: true), micros, cancellation));
        }

        StepResult result = _distillation.Critic((pass, micro) => _batches.Make(pass, Steps, micro, isGenerator: false), micros, cancellation);
        values["critic_loss"] = result.Losses.Sum();
        values["critic_grad_norm"] = result.GradientNorm;
        Steps++;
        return new StepReport(values, clock.Seconds);
    }

    /// <inheritdoc/>
    public override void SaveState(JsonObject state) => _reward?.Save(state);

    /// <inheritdoc/>
    public override void LoadState(JsonObject state, long steps)
    {
        base.LoadState(state, steps);
        _distillation.Resume(steps);
        _reward?.Load(state);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _distillation.Dispose();
        _batches.Dispose();
        _networks.Dispose();
    }

    private void Report(Dictionary<string, double> values, StepResult made)
    {
        values["generator_loss"] = made.Losses.Sum();
        values["generator_grad_norm"] = made.GradientNorm;
        values["dmdtrain_gradient_norm"] = made.GradientSize;
        (values["exit_step"], values["timestep"]) = _batches.Drawn(Steps);
        if (_reward is not null)
        {
            values["reward"] = _reward.LastRaw.Average();
            values["reward_standard"] = made.Rewards.Average();
            values["weight"] = made.Weights.Average();
            values["effective_samples"] = RewardWeight.EffectiveCount([.. made.Weights]);
        }
    }

    private StudentClip Clip()
    {
        if (_settings.Loss != DistributionLoss.CausVid)
        {
            return StudentRollout.Of(_settings, _networks.Student, _schedule, _timesteps);
        }

        NoisedClipStudent student = new(_networks.Student, _schedule);
        return (pass, batch, _) => CausVidClip(pass, student, batch);
    }

    private ClipGradient Gradient(ScoreNetwork teacher, ScoreNetwork critic)
    {
        ScoreSettings score = _settings.Score;
        if (_settings.Loss == DistributionLoss.Sid)
        {
            ScoreIdentity identity = new(teacher, critic, _schedule) { Alpha = score.SidAlpha, TeacherGuidance = score.TeacherGuidance };
            return (pass, clip, batch, weights) =>
            {
                MatchingGradient found = identity.Gradient(pass, clip, batch.Noise, batch.Timesteps, batch.Text, Distillation.Negative(batch));
                return found with { Loss = found.Loss * weights[0], Seed = LinearCombination.Forward(pass, DType.F32, (weights[0], found.Seed)) };
            };
        }

        return Distillation.Matched(new DistributionMatching(teacher, critic, _schedule) { TeacherGuidance = score.TeacherGuidance, CriticGuidance = score.CriticGuidance });
    }

    // Blocks of data, each noised to a step of the student, cleaned in one pass.
    private Tensor CausVidClip(Pass pass, NoisedClipStudent student, DistillationBatch batch)
    {
        Tensor clean = batch.Clean!;
        int frames = clean.Shape[1];
        var timesteps = new float[clean.Shape[0] * frames];
        for (int i = 0; i < timesteps.Length; i++)
        {
            // A given first frame is clean.
            int? block = StudentSteps.BlockOf(_settings.Rollout, i % frames);
            timesteps[i] = block is null ? 0 : _timesteps[batch.Draws.Exits[block.Value]];
        }

        TrainingMask mask = _settings.Rollout.Mask();
        if (_settings.Diffusion.TeacherForcing)
        {
            mask = mask with { CleanX = LatentRows.Turned(pass, clean) };
        }

        Tensor noisy = student.Noised(pass, clean, batch.Draws.Noise, timesteps);
        return student.Predict(pass, noisy, timesteps, batch.Text, mask).X0;
    }
}
