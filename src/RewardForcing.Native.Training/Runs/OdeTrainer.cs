using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The causal student's start: from points on its teacher's trajectories to their ends.</summary>
/// <remarks>Spec: training 3.9 and 5.2.</remarks>
internal sealed class OdeTrainer : Trainer
{
    private readonly TrainingSettings _settings;
    private readonly WanTransformer _model;
    private readonly PromptTexts _texts;
    private readonly ClipBatches _data;
    private readonly TrainedNetwork _network;
    private readonly OdeRegressionLoss _loss;
    private readonly float[] _timesteps;

    /// <summary>Opens data and prepares the optimiser.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="model">The student; disposed with the trainer.</param>
    /// <param name="texts">Prompts; disposed with the trainer.</param>
    /// <exception cref="ModelFormatException">The trajectories have another number of points than the student has steps.</exception>
    public OdeTrainer(TrainingSettings settings, WanTransformer model, PromptTexts texts)
    {
        (_settings, _model, _texts) = (settings, model, texts);
        FlowMatchSchedule schedule = new(settings.Rollout.StudentShift);
        _timesteps = StudentSteps.Of(settings.Rollout, schedule);
        _data = new ClipBatches(settings, ClipKind.Trajectories);
        if (_data.RowShape[0] != _timesteps.Length + 1)
        {
            int points = _data.RowShape[0];
            _data.Dispose();
            throw new ModelFormatException(settings.DataPath, $"has trajectories of {points} points, but denoising_step_list has {_timesteps.Length} steps, which need {_timesteps.Length + 1}", "denoising_step_list");
        }

        _loss = new OdeRegressionLoss(model, schedule);
        _network = new TrainedNetwork("generator", model.Weights, settings, settings.Generator, settings.LargestGenerator);
        model.CheckpointsBlocks = settings.Checkpointing;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts => [_network.Part(Steps)];

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => new(_model, _texts, IsFewStep: true, IsCausal: true, _data.Prompts(4));

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        PhaseClock clock = new();
        TrainingDraws draws = new(_settings.Seed, Steps);
        RolloutSettings rollout = _settings.Rollout;
        double total = 0;
        for (int micro = 0; micro < _settings.Accumulation; micro++)
        {
            using Pass pass = Pass.Training(_model.Device, cancellation);
            Clip[] rows = _data.Rows(Steps, micro);
            Tensor text = _texts.Batch(pass, [.. rows.Select(static row => row.Prompt)]);
            (Tensor points, Tensor ends, float[] timesteps) = Points(pass, draws, micro, rows);
            clock.End("data");
            TrainingMask mask = new() { FramesPerBlock = rollout.FramesPerBlock, LocalFrames = rollout.WindowFrames, IndependentFirstFrame = rollout.IndependentFirstFrame || rollout.IsImageToVideo };
            Tensor loss = _loss.Forward(pass, points, ends, timesteps, text, mask).Loss;
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

    // A point for each block of each sample; a given first frame is clean.
    private (Tensor Points, Tensor Ends, float[] Timesteps) Points(Pass pass, TrainingDraws draws, int micro, Clip[] rows)
    {
        Shape row = rows[0].Shape;
        (int frames, int clip) = (row[1], (int)(row.Count / row[0]));
        int frame = clip / frames;
        float[] points = new float[rows.Length * clip], ends = new float[points.Length], timesteps = new float[rows.Length * frames];
        for (int b = 0; b < rows.Length; b++)
        {
            for (int f = 0; f < frames; f++)
            {
                int? block = StudentSteps.BlockOf(_settings.Rollout, f);
                int point = block is null ? _timesteps.Length : draws.Whole("point", (((micro * rows.Length) + b) << 12) + block.Value, _timesteps.Length);
                int to = (b * clip) + (f * frame);
                rows[b].Values.AsSpan((point * clip) + (f * frame), frame).CopyTo(points.AsSpan(to));
                rows[b].Values.AsSpan((_timesteps.Length * clip) + (f * frame), frame).CopyTo(ends.AsSpan(to));
                timesteps[(b * frames) + f] = block is null ? 0 : _timesteps[point];
            }
        }

        Shape shape = new(rows.Length, frames, row[2], row[3], row[4]);
        return (Typed(pass, pass.From<float>(shape, points)), Typed(pass, pass.From<float>(shape, ends)), timesteps);
    }

    private Tensor Typed(Pass pass, Tensor x) => _settings.Type == DType.F32 ? x : Cast.Forward(pass, x, _settings.Type);
}
