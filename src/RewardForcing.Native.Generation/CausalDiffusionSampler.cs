using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Makes a block with a solver of many steps and classifier-free guidance; prompt and negative prompt have caches of their own.</summary>
/// <remarks>For causal models that are not distilled. The solver starts afresh with every block. Spec: models 5.4.</remarks>
public sealed class CausalDiffusionSampler : IDisposable
{
    private readonly WanTransformer _model;
    private readonly IFlowSolver _solver;
    private readonly float _guidance;
    private readonly float _contextTimestep;

    /// <summary>Makes a sampler.</summary>
    /// <param name="model">The network.</param>
    /// <param name="solver">Owned by the sampler from here on.</param>
    /// <param name="guidance">How far beyond the prompt's prediction to go, seen from the negative prompt's; 1 for not at all.</param>
    /// <param name="contextTimestep">Timestep at which finished frames go into the caches.</param>
    public CausalDiffusionSampler(WanTransformer model, IFlowSolver solver, float guidance, float contextTimestep = 0) =>
        (_model, _solver, _guidance, _contextTimestep) = (model, solver, guidance, contextTimestep);

    /// <summary>Steps of a block.</summary>
    public int Steps => _solver.Timesteps.Length;

    /// <summary>Makes the latents of a block.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="state">Caches of the prompt.</param>
    /// <param name="negative">Caches of the negative prompt; null without guidance.</param>
    /// <param name="noise">Where to start, <c>[B, C, f, H, W]</c>, F32.</param>
    /// <param name="startFrame">Number of the first frame in the whole video.</param>
    /// <param name="stepDone">Told the number of steps that are done; may be null.</param>
    /// <returns>Clean latents, <c>[B, C, f, H, W]</c>, of the type of the state.</returns>
    /// <exception cref="ArgumentException">There is guidance but no negative prompt.</exception>
    public Tensor Denoise(Pass pass, CausalState state, CausalState? negative, Tensor noise, long startFrame, Action<int>? stepDone = null)
    {
        if (negative is null && _guidance != 1)
        {
            throw new ArgumentException($"causal diffusion: guidance of {_guidance} needs caches of a negative prompt; set it to 1 to do without.", nameof(negative));
        }

        using Scope scope = pass.BeginScope();
        _solver.Reset();
        Tensor sample = noise;
        for (int step = 0; step < Steps; step++)
        {
            using Scope inner = pass.BeginScope();
            float[] timestep = FewStepSampler.Each(_solver.Timesteps[step], state.Batch);
            Tensor x = Cast.Forward(pass, sample, state.DType);
            Tensor flow = _model.ForwardCausal(pass, x, timestep, state, startFrame);
            if (negative is not null && _guidance != 1)
            {
                flow = Guidance.Forward(pass, flow, _model.ForwardCausal(pass, x, timestep, negative, startFrame), _guidance);
            }

            sample = inner.Keep(_solver.Step(pass, flow, sample));
            stepDone?.Invoke(step + 1);
        }

        return scope.Keep(Cast.Forward(pass, sample, state.DType));
    }

    /// <summary>Puts finished latents into one set of caches.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="state">The caches, with their text.</param>
    /// <param name="latents">Finished latents, <c>[B, C, f, H, W]</c> of the type of the state.</param>
    /// <param name="startFrame">Number of the first frame in the whole video.</param>
    public void Remember(Pass pass, CausalState state, Tensor latents, long startFrame)
    {
        using Scope scope = pass.BeginScope();
        _model.ForwardCausal(pass, latents, FewStepSampler.Each(_contextTimestep, state.Batch), state, startFrame, cacheOnly: true);
    }

    /// <summary>Releases the solver; the model stays.</summary>
    public void Dispose() => _solver.Dispose();
}
