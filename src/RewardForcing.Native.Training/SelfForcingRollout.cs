using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>A clip as the student makes it in inference, block by block on its own caches, each block taken at a step drawn for it; only that step is recorded.</summary>
/// <param name="Student">The causal network.</param>
/// <param name="Schedule">Its noise levels.</param>
/// <param name="Timesteps">Timestep of each denoising step, most noise first; without a 0 at the end.</param>
/// <remarks>Huang et al. 2025 (Self Forcing), algorithm 1. Spec: training 2.</remarks>
public sealed record SelfForcingRollout(WanTransformer Student, FlowMatchSchedule Schedule, IReadOnlyList<float> Timesteps)
{
    /// <summary>Frames of a block.</summary>
    public int FramesPerBlock { get; init; } = 3;

    /// <summary>Whether the first frame is a block of its own.</summary>
    public bool IndependentFirstFrame { get; init; }

    /// <summary>Only blocks within this many frames of the end are recorded.</summary>
    public int GradientFrames { get; init; } = 21;

    /// <summary>What goes into the caches when a block is done.</summary>
    public ContextRefresh Refresh { get; init; }

    /// <summary>Timestep the network is told in that pass.</summary>
    public float ContextTimestep { get; init; }

    /// <summary>Makes a clip.</summary>
    /// <param name="pass">A training pass to record the last step of each block, or an inference pass to record nothing.</param>
    /// <param name="state">Empty caches of a policy that holds all frames, so that nothing is evicted; its <see cref="CausalState.Gradient"/> says where gradients of past frames go.</param>
    /// <param name="text">Text encoder output, <c>[B, S, text_dim]</c>.</param>
    /// <param name="draws">Noise and exit steps.</param>
    /// <param name="initial">A first latent frame that is given, <c>[B, 1, C, H, W]</c>; null for none.</param>
    /// <returns>The clip, <c>[B, F, C, H, W]</c>, the given frame included.</returns>
    /// <exception cref="ArgumentException">The frames are no whole blocks, an exit step does not exist, or the caches are too small.</exception>
    public Tensor Run(Pass pass, CausalState state, Tensor text, RolloutDraws draws, Tensor? initial = null)
    {
        IReadOnlyList<int> blocks = Blocks(draws.Noise.Shape[1], initial is not null);
        int given = initial?.Shape[1] ?? 0, total = given + draws.Noise.Shape[1];
        Check(state, draws, blocks, total);
        using Scope scope = pass.BeginScope();
        List<Tensor> clip = [];
        using (Pass silent = Pass.Inference(pass.Device, pass.Cancellation))
        {
            state.SetText(silent, text);
            if (initial is not null)
            {
                clip.Add(LatentRows.Turned(pass, initial));
                Student.ForwardCausal(silent, clip[0], Each(0, state), state, 0, cacheOnly: true);
            }
        }

        int frame = given;
        for (int block = 0; block < blocks.Count; frame += blocks[block], block++)
        {
            bool records = pass.IsTraining && frame >= total - GradientFrames;
            Tensor latents = Block(pass, state, text, draws, block, frame, blocks[block], frame - given, records);
            Remember(pass, state, draws, block, latents, frame);
            clip.Add(latents);
        }

        return scope.Keep(LatentRows.Turned(pass, clip.Count == 1 ? clip[0] : Concat.Forward(pass, 2, [.. clip])));
    }

    /// <summary>Frames of each block of a clip.</summary>
    /// <param name="frames">Frames to generate.</param>
    /// <param name="hasInitial">Whether the first frame of the clip is given besides.</param>
    /// <exception cref="ArgumentException">They are no whole blocks.</exception>
    public IReadOnlyList<int> Blocks(int frames, bool hasInitial)
    {
        int first = IndependentFirstFrame && !hasInitial ? 1 : 0;
        if (frames <= first || (frames - first) % FramesPerBlock != 0)
        {
            throw new ArgumentException($"roll-out: {frames} frames must be {(first > 0 ? "one frame and " : string.Empty)}whole blocks of {FramesPerBlock}.", nameof(frames));
        }

        int[] blocks = [.. Enumerable.Repeat(FramesPerBlock, (frames - first) / FramesPerBlock)];
        return first > 0 ? [1, .. blocks] : blocks;
    }

    // The latents of a block, [B, C, f, H, W]: steps before the last one leave nothing but a starting point.
    private Tensor Block(Pass pass, CausalState state, Tensor text, RolloutDraws draws, int block, int frame, int frames, int noiseFrame, bool records)
    {
        Tensor x;
        using (Pass silent = Pass.Inference(pass.Device, pass.Cancellation))
        {
            Tensor start = Narrow.Forward(silent, LatentRows.Turned(silent, draws.Noise), 2, noiseFrame, frames);
            for (int step = 0; step < draws.Exits[block]; step++)
            {
                Tensor clean = Clean(silent, Student.ForwardCausal(silent, start, Each(Timesteps[step], state), state, frame), start, step);
                start = Noised(silent, clean, LatentRows.Turned(silent, draws.Renoise(silent, block, step)), Timesteps[step + 1]);
            }

            x = LatentRows.Copy(pass, start);
        }

        int exit = draws.Exits[block];
        if (records)
        {
            return Clean(pass, Student.ForwardCausal(pass, x, Each(Timesteps[exit], state), state, frame, text), x, exit);
        }

        using Pass last = Pass.Inference(pass.Device, pass.Cancellation);
        return LatentRows.Copy(pass, Clean(last, Student.ForwardCausal(last, x, Each(Timesteps[exit], state), state, frame), x, exit));
    }

    private void Remember(Pass pass, CausalState state, RolloutDraws draws, int block, Tensor latents, int frame)
    {
        using Pass silent = Pass.Inference(pass.Device, pass.Cancellation);
        Tensor context = Refresh == ContextRefresh.Clean ? latents : Noised(silent, latents, LatentRows.Turned(silent, draws.ContextNoise(silent, block)), ContextTimestep);
        Student.ForwardCausal(silent, context, Each(ContextTimestep, state), state, frame, cacheOnly: true);
    }

    private Tensor Clean(Pass pass, Tensor flow, Tensor x, int step) => FlowToX0.Forward(pass, flow, x, LatentRows.Repeat([Schedule.SigmaOf(Timesteps[step])], x.Shape[0]));

    private Tensor Noised(Pass pass, Tensor clean, Tensor noise, float timestep) => AddNoise.Forward(pass, clean, noise, LatentRows.Repeat([Schedule.SigmaOf(timestep)], clean.Shape[0]));

    private static float[] Each(float value, CausalState state) => LatentRows.Repeat([value], state.Batch);

    private void Check(CausalState state, RolloutDraws draws, IReadOnlyList<int> blocks, int total)
    {
        if (draws.Exits.Count != blocks.Count || draws.Exits.Any(exit => exit < 0 || exit >= Timesteps.Count))
        {
            throw new ArgumentException($"roll-out: expected {blocks.Count} exit steps below {Timesteps.Count}, one for each block, got {string.Join(", ", draws.Exits)}.", nameof(draws));
        }

        if (state.CapacityFrames < total || state.GlobalEndFrame > 0)
        {
            throw new ArgumentException(
                $"roll-out: the caches must be empty and hold all {total} frames, since a gradient cannot reach what was evicted; they hold {state.CapacityFrames} and have seen {state.GlobalEndFrame}.",
                nameof(state));
        }
    }
}
