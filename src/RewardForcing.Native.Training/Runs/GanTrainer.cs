using System.Text.Json.Nodes;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Adversarial distillation as a configuration asks for it: a discriminator on top of a transformer tells roll-outs from clips of data.</summary>
/// <remarks>Spec: training 3.8.</remarks>
internal sealed class GanTrainer : Trainer
{
    private readonly TrainingSettings _settings;
    private readonly DistillationNetworks _networks;
    private readonly DistillationBatches _batches;
    private readonly WanDiscriminator _discriminator;
    private readonly GanSettings _gan;
    private readonly GanDistillation _distillation;

    /// <summary>Puts a discriminator on the critic and prepares the optimisers.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="networks">Student, critic, text encoder; disposed with the trainer.</param>
    public GanTrainer(TrainingSettings settings, DistillationNetworks networks)
    {
        (_settings, _networks) = (settings, networks);
        LayeredConfig config = settings.Config;
        FlowMatchSchedule schedule = new(settings.Rollout.StudentShift);
        float[] timesteps = StudentSteps.Of(settings.Rollout, schedule);
        int classes = config.Whole("num_class", 1, 1 << 16) ?? throw new ModelFormatException(config.Path ?? "configs/reward_forcing.yaml", "has no num_class, which trainer: gan needs", "num_class");
        float shift = config.Number("critic_timestep_shift", 0, 1000) ?? settings.Score.TimestepShift;
        _batches = new DistillationBatches(settings with { Score = settings.Score with { TimestepShift = shift } }, networks.Texts, schedule, timesteps);
        DiscriminatorConfig sizes = new(networks.Critic.Config) { Classes = classes, SeesTime = config.Flag("concat_time_embeddings") };
        _discriminator = GanStart.Create(networks.Critic, sizes, settings.Seed);
        try
        {
            double Real(string key, double otherwise) => config.Exact(key, 0, 1e9) ?? otherwise;
            GanSettings usual = new();
            double scale = Real("loss_scale", 1);
            _gan = new GanSettings
            {
                GeneratorWeight = Real("gan_g_weight", usual.GeneratorWeight),
                DiscriminatorWeight = Real("gan_d_weight", usual.DiscriminatorWeight) * scale,
                IsRelativistic = config.Flag("relativistic_discriminator"),
                RealSlopeWeight = Real("r1_weight", 0) * scale,
                FakeSlopeWeight = Real("r2_weight", 0) * scale,
                RealSlopeDistance = Real("r1_sigma", usual.RealSlopeDistance),
                FakeSlopeDistance = Real("r2_sigma", usual.FakeSlopeDistance),
            };
            GanDistillationSettings numbers = new()
            {
                Generator = settings.Generator with { LearningRate = Real("gen_lr", settings.Generator.LearningRate) },
                Critic = settings.Critic with { LearningRate = Real("critic_lr", settings.Critic.LearningRate) },
                DiscriminatorShare = Real("discriminator_lr_multiplier", 1),
                WarmupSteps = config.Whole("discriminator_warmup_steps", 0, 1 << 30) ?? 0,
                LargestGradient = settings.LargestGenerator,
                Ratio = settings.Score.Ratio,
                AverageDecay = settings.AverageDecay,
                AverageStart = settings.AverageStart,
            };
            networks.Student.CheckpointsBlocks = settings.Checkpointing;
            StudentClip clip = StudentRollout.Of(settings, networks.Student, schedule, timesteps);
            _distillation = new GanDistillation(
                networks.Student, new GanLoss(_discriminator, schedule, _gan), numbers, (pass, batch, kept) => clip(pass, new DistillationBatch(batch.Text, batch.Draws, batch.Timesteps, batch.Noise) { Initial = batch.Initial }, kept));
        }
        catch
        {
            _discriminator.Dispose();
            _batches.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts =>
    [
        new("generator", _networks.Student.Weights, _distillation.StudentOptimizer, _distillation.Average),
        new("critic", _discriminator.Weights, _distillation.CriticOptimizer, null),
    ];

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => new(_networks.Student, _networks.Texts, IsFewStep: true, IsCausal: true, _batches.FirstPrompts);

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        PhaseClock clock = new();
        Dictionary<string, double> values = [];
        if (_distillation.IsGeneratorStep)
        {
            StepResult made = _distillation.Generator((pass, micro) => Batch(pass, micro, isGenerator: true), _settings.Accumulation, cancellation);
            (values["generator_loss"], values["generator_grad_norm"]) = (made.Losses.Sum(), made.GradientNorm);
            clock.End("generator");
        }

        StepResult result = _distillation.Critic((pass, micro) => Batch(pass, micro, isGenerator: false), _settings.Accumulation, cancellation);
        (values["critic_loss"], values["critic_grad_norm"]) = (result.Losses.Sum(), result.GradientNorm);
        clock.End("critic");
        Steps++;
        return new StepReport(values, clock.Seconds);
    }

    /// <inheritdoc/>
    public override void LoadState(JsonObject state, long steps)
    {
        base.LoadState(state, steps);
        _distillation.Resume(steps);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _distillation.Dispose();
        _discriminator.Dispose();
        _batches.Dispose();
        _networks.Dispose();
    }

    private GanBatch Batch(Pass pass, int micro, bool isGenerator)
    {
        DistillationBatch batch = _batches.Make(pass, Steps, micro, isGenerator);
        Tensor Drawn(string purpose) => _batches.Noise(pass, Steps, micro, isGenerator, purpose);
        return new GanBatch(batch.Text, batch.Draws, batch.Timesteps, batch.Clean!, batch.Noise, Drawn("real noise"), batch.Initial)
        {
            RealSlope = _gan.RealSlopeWeight > 0 && !isGenerator ? Drawn("real slope") : null,
            FakeSlope = _gan.FakeSlopeWeight > 0 && !isGenerator ? Drawn("fake slope") : null,
        };
    }
}
