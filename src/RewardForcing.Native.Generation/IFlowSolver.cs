using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Walks one sample from noise to a video, one call for each step. Keeps what later steps need of earlier ones.</summary>
/// <remarks>
/// Samples are F32 whatever the network computes in: the few operations of a solver cost nothing, and rounding them, as the bfloat16
/// pipelines of the reference do, only loses precision. Coefficients are double, from the float table of noise levels.
/// </remarks>
public interface IFlowSolver : IDisposable
{
    /// <summary>Noise levels, N + 1 of them; the last is 0.</summary>
    ReadOnlySpan<float> Sigmas { get; }

    /// <summary>Timesteps the network is asked at, N of them.</summary>
    ReadOnlySpan<float> Timesteps { get; }

    /// <summary>Takes one step.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="flow">The network's prediction for <paramref name="sample"/> at the current timestep, F32 or BF16.</param>
    /// <param name="sample">The sample the previous step gave, or noise, F32; same shape.</param>
    /// <returns>The next sample, F32.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the sample is not F32.</exception>
    /// <exception cref="InvalidOperationException">All steps are taken; call <see cref="Reset"/>.</exception>
    Tensor Step(Pass pass, Tensor flow, Tensor sample);

    /// <summary>Forgets the sample, so that another one can start.</summary>
    void Reset();
}
