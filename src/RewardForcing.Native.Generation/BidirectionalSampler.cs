using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Makes a whole video at once with a solver of many steps and classifier-free guidance: the sampling of Wan 2.1.</summary>
/// <remarks>Spec: models 4.2 to 4.4.</remarks>
public sealed class BidirectionalSampler : IDisposable
{
    private readonly WanTransformer _model;
    private readonly IFlowSolver _solver;
    private readonly float _guidance;

    /// <summary>Makes a sampler.</summary>
    /// <param name="model">The network.</param>
    /// <param name="solver">Owned by the sampler from here on.</param>
    /// <param name="guidance">How far beyond the prompt's prediction to go, seen from the negative prompt's; 1 for not at all.</param>
    public BidirectionalSampler(WanTransformer model, IFlowSolver solver, float guidance) =>
        (_model, _solver, _guidance) = (model, solver, guidance);

    /// <summary>Steps of a video.</summary>
    public int Steps => _solver.Timesteps.Length;

    /// <summary>Makes the latents of a video.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="prompt">Keys and values of the prompt; their type is that of the activations.</param>
    /// <param name="negative">Keys and values of the negative prompt; null without guidance.</param>
    /// <param name="noise">Where to start, <c>[B, C, F, H, W]</c>, F32.</param>
    /// <param name="imageLatents">Mask and image latents of image-to-video models, <c>[B, 20, F, H, W]</c>; null for text-to-video models.</param>
    /// <param name="stepDone">Told the number of steps that are done; may be null.</param>
    /// <param name="visit">Shown the number of each step and the sample it starts from; may be null.</param>
    /// <returns>Clean latents, <c>[B, C, F, H, W]</c>, F32.</returns>
    /// <exception cref="ArgumentException">There is guidance but no negative prompt, or the shapes do not fit.</exception>
    public Tensor Denoise(Pass pass, WanContext prompt, WanContext? negative, Tensor noise, Tensor? imageLatents = null, Action<int>? stepDone = null, Action<int, Tensor>? visit = null)
    {
        if (negative is null && _guidance != 1)
        {
            throw new ArgumentException($"sampler: guidance of {_guidance} needs a negative prompt; set it to 1 to do without.", nameof(negative));
        }

        using Scope scope = pass.BeginScope();
        _solver.Reset();
        Tensor sample = noise;
        for (int step = 0; step < Steps; step++)
        {
            using Scope inner = pass.BeginScope();
            visit?.Invoke(step, sample);
            float[] timestep = FewStepSampler.Each(_solver.Timesteps[step], prompt.Batch);
            Tensor x = Cast.Forward(pass, sample, prompt.DType);
            Tensor flow = _model.Forward(pass, x, timestep, prompt, imageLatents);
            if (negative is not null && _guidance != 1)
            {
                flow = Guidance.Forward(pass, flow, _model.Forward(pass, x, timestep, negative, imageLatents), _guidance);
            }

            sample = inner.Keep(_solver.Step(pass, flow, sample));
            stepDone?.Invoke(step + 1);
        }

        return scope.Keep(sample);
    }

    /// <summary>Releases the solver; the model stays.</summary>
    public void Dispose() => _solver.Dispose();
}
