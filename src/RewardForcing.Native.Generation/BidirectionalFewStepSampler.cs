using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Makes a whole video at once in a few steps.</summary>
/// <remarks>As in the reference, the last step of the list is only the noise level of a draw that is never made: four entries are three calls of the network. Spec: models 5.5.</remarks>
public sealed class BidirectionalFewStepSampler
{
    private readonly WanTransformer _model;
    private readonly float[] _timesteps;
    private readonly float[] _sigmas;

    /// <summary>Makes a sampler.</summary>
    /// <param name="model">The network.</param>
    /// <param name="schedule">Noise levels by timestep.</param>
    /// <param name="timesteps">The step list as timesteps, at least two; the last is not run.</param>
    public BidirectionalFewStepSampler(WanTransformer model, FlowMatchSchedule schedule, ReadOnlySpan<float> timesteps)
    {
        if (timesteps.Length < 2)
        {
            throw new ArgumentException("bidirectional few-step sampler: the last step of the list is never run, so it needs at least two.", nameof(timesteps));
        }

        _model = model;
        _timesteps = timesteps[..^1].ToArray();
        _sigmas = Array.ConvertAll(_timesteps, schedule.SigmaOf);
    }

    /// <summary>Steps of a video.</summary>
    public int Steps => _timesteps.Length;

    /// <summary>Makes the latents of a video.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between layers.</param>
    /// <param name="prompt">Keys and values of the prompt.</param>
    /// <param name="noise">Where to start, <c>[B, C, F, H, W]</c>, of the type of <paramref name="prompt"/>.</param>
    /// <param name="renoise">Gives noise for the steps but the last.</param>
    /// <param name="stepDone">Told the number of steps that are done; may be null.</param>
    /// <returns>Clean latents, <c>[B, C, F, H, W]</c>.</returns>
    public Tensor Denoise(Pass pass, WanContext prompt, Tensor noise, DrawNoise renoise, Action<int>? stepDone = null)
    {
        using Scope scope = pass.BeginScope();
        Tensor x = noise;
        for (int step = 0; step < Steps; step++)
        {
            using Scope inner = pass.BeginScope();
            Tensor flow = _model.Forward(pass, x, FewStepSampler.Each(_timesteps[step], prompt.Batch), prompt);
            Tensor clean = FlowToX0.Forward(pass, flow, x, FewStepSampler.Each(_sigmas[step], prompt.Batch));
            x = inner.Keep(step == Steps - 1
                ? clean
                : AddNoise.Forward(pass, clean, renoise(pass, step), FewStepSampler.Each(_sigmas[step + 1], prompt.Batch)));
            stepDone?.Invoke(step + 1);
        }

        return scope.Keep(x);
    }
}
