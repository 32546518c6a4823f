using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Flow matching on stored latents: of a bidirectional network, or of a causal one with a noise level for each block (diffusion forcing) or clean blocks before it (teacher forcing).</summary>
/// <remarks>Spec: training 3.9.</remarks>
internal sealed class DiffusionTrainer : Trainer
{
    private readonly TrainingSettings _settings;
    private readonly WanTransformer _model;
    private readonly PromptTexts _texts;
    private readonly ClipBatches _data;
    private readonly TrainedNetwork _network;
    private readonly FlowMatchingLoss _loss;
    private readonly FlowMatchSchedule _schedule;

    /// <summary>Opens data and prepares the optimiser.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="model">The network; disposed with the trainer.</param>
    /// <param name="texts">Prompts; disposed with the trainer.</param>
    public DiffusionTrainer(TrainingSettings settings, WanTransformer model, PromptTexts texts)
    {
        (_settings, _model, _texts) = (settings, model, texts);
        _data = new ClipBatches(settings, ClipKind.Latents);
        _schedule = new FlowMatchSchedule(settings.Rollout.StudentShift);
        _loss = new FlowMatchingLoss(model, _schedule) { IsWeighted = settings.Diffusion.IsWeighted };
        _network = new TrainedNetwork("generator", model.Weights, settings, settings.Generator, settings.LargestGenerator);
        model.CheckpointsBlocks = settings.Checkpointing;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts => [_network.Part(Steps)];

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => new(_model, _texts, IsFewStep: false, IsCausal: _settings.Diffusion.IsCausal, _data.Prompts(4));

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        PhaseClock clock = new();
        TrainingDraws draws = new(_settings.Seed, Steps);
        double total = 0;
        for (int micro = 0; micro < _settings.Accumulation; micro++)
        {
            using Pass pass = Pass.Training(_model.Device, cancellation);
            Clip[] rows = _data.Rows(Steps, micro);
            Tensor clean = Typed(pass, ClipBatches.Stack(pass, rows));
            Tensor noise = Typed(pass, draws.Normal(pass, clean.Shape, "noise", micro));
            Tensor text = _texts.Batch(pass, [.. rows.Select((row, i) => draws.Uniform("dropout", (micro * rows.Length) + i) < _settings.Diffusion.PromptDropout ? "" : row.Prompt)]);
            clock.End("data");
            (float[] timesteps, TrainingMask? mask) = Noising(pass, draws, micro, clean, noise);
            Tensor loss = _loss.Forward(pass, clean, noise, timesteps, text, mask).Loss;
            double value = loss.ToFloats()[0];
            clock.End("forward");
            if (!double.IsFinite(value))
            {
                throw new NotFiniteNumberException($"generator: the loss of step {Steps} is {value}; its weights are those of the step before. Lower the learning rate, or go on from an earlier checkpoint.", value);
            }

            total += value / _settings.Accumulation;
            pass.Backward(loss, pass.From<float>(loss.Shape, [1f / _settings.Accumulation]));
            clock.End("backward");
        }

        double norm = _network.Move(Steps);
        clock.End("optimizer");
        Steps++;
        return new StepReport(new Dictionary<string, double> { ["generator_loss"] = total, ["generator_grad_norm"] = norm }, clock.Seconds);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _network.Dispose();
        _data.Dispose();
        _texts.Dispose();
        _model.Dispose();
    }

    private Tensor Typed(Pass pass, Tensor x) => _settings.Type == DType.F32 ? x : Cast.Forward(pass, x, _settings.Type);

    // Timesteps of all frames, and what each frame may see.
    private (float[] Timesteps, TrainingMask? Mask) Noising(Pass pass, TrainingDraws draws, int micro, Tensor clean, Tensor noise)
    {
        (int batch, int frames) = (clean.Shape[0], clean.Shape[1]);
        DiffusionSettings diffusion = _settings.Diffusion;
        if (!diffusion.IsCausal)
        {
            return (LatentRows.Repeat([.. Enumerable.Range(0, batch).Select(i => _schedule.Timesteps[draws.Whole("timestep", (micro * batch) + i, FlowMatchSchedule.TrainTimesteps)])], frames), null);
        }

        RolloutSettings rollout = _settings.Rollout;
        TrainingMask mask = new() { FramesPerBlock = rollout.FramesPerBlock, LocalFrames = rollout.WindowFrames, IndependentFirstFrame = rollout.IndependentFirstFrame || rollout.IsImageToVideo };
        if (diffusion.TeacherForcing)
        {
            float[] context = diffusion.ContextNoise > 0 ? OfBlocks(draws, "context", micro, batch, frames, diffusion.ContextNoise) : [];
            Tensor seen = context.Length == 0 ? clean : LatentRows.Noised(pass, clean, noise, Array.ConvertAll(context, _schedule.SigmaOf));
            mask = mask with { CleanX = LatentRows.Turned(pass, seen), CleanTimesteps = context };
        }

        return (OfBlocks(draws, "timestep", micro, batch, frames, FlowMatchSchedule.TrainTimesteps), mask);
    }

    private float[] OfBlocks(TrainingDraws draws, string purpose, int micro, int batch, int frames, int end)
    {
        RolloutSettings rollout = _settings.Rollout;
        var timesteps = new float[batch * frames];
        for (int i = 0; i < timesteps.Length; i++)
        {
            int frame = i % frames, single = rollout.IndependentFirstFrame || rollout.IsImageToVideo ? 1 : 0;
            int block = frame < single ? 0 : single + ((frame - single) / rollout.FramesPerBlock);
            timesteps[i] = _schedule.Timesteps[draws.Whole(purpose, (((micro * batch) + (i / frames)) << 12) + block, end)];
        }

        return timesteps;
    }
}
