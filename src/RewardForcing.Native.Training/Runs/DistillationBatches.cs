using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Micro-batches of a distillation and everything random in them, as functions of the number of the step.</summary>
/// <remarks>Spec: training 2.1, 2.2, 2.8 and 3.1.</remarks>
internal sealed class DistillationBatches(TrainingSettings settings, PromptTexts texts, FlowMatchSchedule schedule, IReadOnlyList<float> timesteps) : IDisposable
{
    private readonly DistillationPrompts _data = new(settings);

    /// <summary>Prompts to show.</summary>
    public IReadOnlyList<string> FirstPrompts => _data.First(4);

    /// <summary>Makes a micro-batch. Student and critic see prompts, noise and exit steps of their own: never the same clip.</summary>
    /// <param name="pass">Owns the tensors.</param>
    /// <param name="step">The optimiser step, from 0.</param>
    /// <param name="micro">The micro-batch of the step, from 0.</param>
    /// <param name="isGenerator">Whether it is the student's.</param>
    public DistillationBatch Make(Pass pass, long step, int micro, bool isGenerator)
    {
        TrainingDraws draws = Draws(step, isGenerator);
        long first = FirstSample(step, micro, isGenerator);
        string[] prompts = _data.Prompts(first, settings.BatchSize);
        Tensor? clean = _data.Clean(pass, first, settings.BatchSize, settings.Type);
        Shape latents = settings.Latents;
        RolloutSettings rollout = settings.Rollout;
        int given = rollout.IsImageToVideo ? 1 : 0;
        Shape Frames(int frames) => new(prompts.Length, frames, latents[2], latents[3], latents[4]);
        Tensor Drawn(Pass owner, int frames, string purpose, int index) => Typed(owner, draws.Normal(owner, Frames(frames), purpose, index));
        RolloutDraws roll = new(
            Drawn(pass, rollout.Frames - given, "clip", micro),
            Exits(draws, micro),
            (owner, block, denoising) => Drawn(owner, BlockFrames(block), $"renoise {block}", (micro << 4) + denoising),
            (owner, block) => Drawn(owner, BlockFrames(block), $"context {block}", micro));
        return new DistillationBatch(texts.Batch(pass, prompts), roll, ScoreSteps(draws, micro), Drawn(pass, rollout.Frames, "score noise", micro))
        {
            Negative = isGenerator ? texts.Batch(pass, [.. Enumerable.Repeat(settings.Score.NegativePrompt, prompts.Length)]) : null,
            Initial = given > 0 ? Narrow.Forward(pass, clean!, 1, 0, 1) : null,
            Clean = clean,
            Prompts = prompts,
        };
    }

    /// <summary>Further noise of the shape of a clip.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="step">The optimiser step, from 0.</param>
    /// <param name="micro">The micro-batch of the step, from 0.</param>
    /// <param name="isGenerator">Whether it is the student's.</param>
    /// <param name="purpose">What it is for.</param>
    public Tensor Noise(Pass pass, long step, int micro, bool isGenerator, string purpose)
    {
        Shape latents = settings.Latents;
        return Typed(pass, Draws(step, isGenerator).Normal(pass, new Shape(settings.BatchSize, settings.Rollout.Frames, latents[2], latents[3], latents[4]), purpose, micro));
    }

    /// <summary>Exit step and timestep of the student's first micro-batch, for the log.</summary>
    /// <param name="step">The optimiser step, from 0.</param>
    public (double Exit, double Timestep) Drawn(long step)
    {
        TrainingDraws draws = Draws(step, isGenerator: true);
        return (Exits(draws, 0)[0], ScoreSteps(draws, 0)[0]);
    }

    /// <summary>Closes the data.</summary>
    public void Dispose() => _data.Dispose();

    private TrainingDraws Draws(long step, bool isGenerator) => new(settings.Seed, (2 * step) + (isGenerator ? 0 : 1));

    // Samples are taken in turn: the student's of a step, then the critic's.
    private long FirstSample(long step, int micro, bool isGenerator)
    {
        LoopPlan plan = new(settings.Score.Loop, settings.Accumulation, settings.Score.Ratio);
        int between = settings.Score.Ratio * (settings.Score.Loop == TrainingLoop.Reference ? settings.Accumulation : 1);
        LoopTurn turn = plan.Turn(step);
        long before = step + ((step + between - 1) / between) + (isGenerator || turn.GeneratorMoves == 0 ? 0 : 1);
        return ((before * turn.Backwards) + micro) * settings.BatchSize;
    }

    private int BlockFrames(int block) => settings.Rollout is { IndependentFirstFrame: true, IsImageToVideo: false } && block == 0 ? 1 : settings.Rollout.FramesPerBlock;

    private int[] Exits(TrainingDraws draws, int micro)
    {
        RolloutSettings rollout = settings.Rollout;
        bool isNoised = settings.Loss == DistributionLoss.CausVid, isSame = rollout.SameStep && !isNoised;
        int given = rollout.IsImageToVideo ? 1 : 0, single = rollout.IndependentFirstFrame && given == 0 ? 1 : 0;
        int blocks = isNoised ? rollout.Frames : single + ((rollout.Frames - given - single) / rollout.FramesPerBlock);
        return
        [
            .. Enumerable.Range(0, blocks).Select(block =>
                rollout.LastStepOnly ? timesteps.Count - 1 : draws.Whole("exit", (micro << 12) + (isSame ? 0 : block), timesteps.Count)),
        ];
    }

    private float[] ScoreSteps(TrainingDraws draws, int micro)
    {
        ScoreSettings score = settings.Score;
        ScoreTimesteps steps = new(score.TimestepShift);
        (int from, int to) = StudentSteps.Span(schedule, timesteps, Exits(draws, micro)[0]);
        int least = score.SchedulesLeast ? to : score.LeastTimestep, end = score.SchedulesMost ? from : FlowMatchSchedule.TrainTimesteps;
        return [.. Enumerable.Range(0, settings.BatchSize).Select(b => steps.Of(least + draws.Whole("score", (micro * settings.BatchSize) + b, Math.Max(1, end - least))))];
    }

    private Tensor Typed(Pass pass, Tensor x) => settings.Type == DType.F32 ? x : Cast.Forward(pass, x, settings.Type);
}
