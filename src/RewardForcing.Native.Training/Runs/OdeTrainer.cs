using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The causal student's start: from points on its teacher's trajectories to their ends.</summary>
/// <remarks>Spec: training 3.9 and 5.2.</remarks>
internal sealed class OdeTrainer : ClipTrainer
{
    private readonly OdeRegressionLoss _loss;
    private readonly float[] _timesteps;

    /// <summary>Opens data and prepares the optimiser.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="model">The student; disposed with the trainer.</param>
    /// <param name="texts">Prompts; disposed with the trainer.</param>
    /// <exception cref="ModelFormatException">The trajectories have another number of points than the student has steps.</exception>
    public OdeTrainer(TrainingSettings settings, WanTransformer model, PromptTexts texts)
        : base(settings, model, texts, Trajectories(settings))
    {
        FlowMatchSchedule schedule = new(settings.Rollout.StudentShift);
        _timesteps = StudentSteps.Of(settings.Rollout, schedule);
        _loss = new OdeRegressionLoss(model, schedule);
    }

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => SampledAs(isFewStep: true, isCausal: true);

    /// <inheritdoc/>
    protected override Tensor Loss(Pass pass, TrainingDraws draws, int micro, Clip[] rows)
    {
        Tensor text = Text(pass, [.. rows.Select(static row => row.Prompt)]);
        (Tensor points, Tensor ends, float[] timesteps) = Points(pass, draws, micro, rows);
        return _loss.Forward(pass, points, ends, timesteps, text, Settings.Rollout.Mask()).Loss;
    }

    private static ClipBatches Trajectories(TrainingSettings settings)
    {
        int steps = StudentSteps.Of(settings.Rollout, new FlowMatchSchedule(settings.Rollout.StudentShift)).Length;
        ClipBatches data = new(settings, ClipKind.Trajectories);
        int points = data.RowShape[0];
        if (points == steps + 1)
        {
            return data;
        }

        data.Dispose();
        throw new ModelFormatException(settings.DataPath, $"has trajectories of {points} points, but denoising_step_list has {steps} steps, which need {steps + 1}", "denoising_step_list");
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
                int? block = StudentSteps.BlockOf(Settings.Rollout, f);
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
}
