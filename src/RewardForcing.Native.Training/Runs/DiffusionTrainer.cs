using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Flow matching on stored latents: of a bidirectional network, or of a causal one with a noise level for each block (diffusion forcing) or clean blocks before it (teacher forcing).</summary>
/// <remarks>Spec: training 3.9.</remarks>
internal sealed class DiffusionTrainer : ClipTrainer
{
    private readonly FlowMatchingLoss _loss;
    private readonly FlowMatchSchedule _schedule;

    /// <summary>Opens data and prepares the optimiser.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="model">The network; disposed with the trainer.</param>
    /// <param name="texts">Prompts; disposed with the trainer.</param>
    public DiffusionTrainer(TrainingSettings settings, WanTransformer model, PromptTexts texts)
        : base(settings, model, texts, new ClipBatches(settings, ClipKind.Latents))
    {
        _schedule = new FlowMatchSchedule(settings.Rollout.StudentShift);
        _loss = new FlowMatchingLoss(model, _schedule) { IsWeighted = settings.Diffusion.IsWeighted };
    }

    /// <inheritdoc/>
    internal override SampledNetwork Sampled => SampledAs(isFewStep: false, Settings.Diffusion.IsCausal);

    /// <inheritdoc/>
    protected override Tensor Loss(Pass pass, TrainingDraws draws, int micro, Clip[] rows)
    {
        Tensor clean = Typed(pass, ClipBatches.Stack(pass, rows));
        Tensor noise = Typed(pass, draws.Normal(pass, clean.Shape, "noise", micro));
        Tensor text = Text(pass, [.. rows.Select((row, i) => draws.Uniform("dropout", (micro * rows.Length) + i) < Settings.Diffusion.PromptDropout ? "" : row.Prompt)]);
        (float[] timesteps, TrainingMask? mask) = Noising(pass, draws, micro, clean, noise);
        return _loss.Forward(pass, clean, noise, timesteps, text, mask).Loss;
    }

    // Timesteps of all frames, and what each frame may see.
    private (float[] Timesteps, TrainingMask? Mask) Noising(Pass pass, TrainingDraws draws, int micro, Tensor clean, Tensor noise)
    {
        (int batch, int frames) = (clean.Shape[0], clean.Shape[1]);
        DiffusionSettings diffusion = Settings.Diffusion;
        if (!diffusion.IsCausal)
        {
            return (LatentRows.Repeat([.. Enumerable.Range(0, batch).Select(i => _schedule.Timesteps[draws.Whole("timestep", (micro * batch) + i, FlowMatchSchedule.TrainTimesteps)])], frames), null);
        }

        TrainingMask mask = Settings.Rollout.Mask();
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
        var timesteps = new float[batch * frames];
        for (int i = 0; i < timesteps.Length; i++)
        {
            int block = StudentSteps.BlockOf(Settings.Rollout, i % frames) ?? 0;
            timesteps[i] = _schedule.Timesteps[draws.Whole(purpose, (((micro * batch) + (i / frames)) << 12) + block, end)];
        }

        return timesteps;
    }
}
