using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Makes a block in a few steps: predict the clean latents, put fresh noise of the next level onto them, predict again.</summary>
/// <remarks>Distribution-matching distillation as in Self Forcing and Reward Forcing; no guidance. Spec: models 5.1.</remarks>
public sealed class FewStepSampler
{
    private readonly WanTransformer _model;
    private readonly float[] _timesteps;
    private readonly float[] _sigmas;
    private readonly float _contextTimestep;

    /// <summary>Makes a sampler.</summary>
    /// <param name="model">The network.</param>
    /// <param name="schedule">Noise levels by timestep.</param>
    /// <param name="timesteps">Timestep of each step, 1000 to 0, at least one.</param>
    /// <param name="contextTimestep">Timestep at which finished frames go into the caches.</param>
    public FewStepSampler(WanTransformer model, FlowMatchSchedule schedule, ReadOnlySpan<float> timesteps, float contextTimestep = 0)
    {
        if (timesteps.IsEmpty)
        {
            throw new ArgumentException("few-step sampler: expected at least one timestep.", nameof(timesteps));
        }

        _model = model;
        _timesteps = timesteps.ToArray();
        _sigmas = Array.ConvertAll(_timesteps, schedule.SigmaOf);
        _contextTimestep = contextTimestep;
    }

    /// <summary>Steps of a block.</summary>
    public int Steps => _timesteps.Length;

    /// <summary>Makes the latents of a block. Their keys and values in the caches are those of the last step until <see cref="Remember"/>.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="state">The caches, with the text.</param>
    /// <param name="noise">Where to start, <c>[B, C, f, H, W]</c> of the type of the state.</param>
    /// <param name="startFrame">Number of the first frame in the whole video.</param>
    /// <param name="renoise">Gives noise for the steps but the last.</param>
    /// <param name="stepDone">Told the number of steps that are done; may be null.</param>
    /// <returns>Clean latents, <c>[B, C, f, H, W]</c>.</returns>
    public Tensor Denoise(Pass pass, CausalState state, Tensor noise, long startFrame, DrawNoise renoise, Action<int>? stepDone = null)
    {
        using Scope scope = pass.BeginScope();
        Tensor x = noise;
        for (int step = 0; step < Steps; step++)
        {
            using Scope inner = pass.BeginScope();
            Tensor flow = _model.ForwardCausal(pass, x, Each(_timesteps[step], state.Batch), state, startFrame);
            Tensor clean = FlowToX0.Forward(pass, flow, x, Each(_sigmas[step], state.Batch));
            x = inner.Keep(step == Steps - 1 ? clean : AddNoise.Forward(pass, clean, renoise(pass, step), Each(_sigmas[step + 1], state.Batch)));
            stepDone?.Invoke(step + 1);
        }

        return scope.Keep(x);
    }

    /// <summary>Puts finished latents into the caches, as later blocks are to see them. Nothing is drawn and no noise put on.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="state">The caches, with the text.</param>
    /// <param name="latents">Finished latents, <c>[B, C, f, H, W]</c> of the type of the state.</param>
    /// <param name="startFrame">Number of the first frame in the whole video.</param>
    public void Remember(Pass pass, CausalState state, Tensor latents, long startFrame)
    {
        using Scope scope = pass.BeginScope();
        _model.ForwardCausal(pass, latents, Each(_contextTimestep, state.Batch), state, startFrame, cacheOnly: true);
    }

    internal static float[] Each(float value, int batch)
    {
        var values = new float[batch];
        Array.Fill(values, value);
        return values;
    }
}
