using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>From the predicted flow to the predicted clean latent.</summary>
public static class FlowToX0
{
    /// <summary>Computes <c>x0 = x_σ - σ v</c> in double with one sigma per entry of the first dimension; rounded once to the type of <paramref name="flow"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="flow">Model output v, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="noisy">Model input x_σ, same shape.</param>
    /// <param name="sigmas">R noise levels, 0 to 1.</param>
    /// <exception cref="ArgumentException">The shapes or counts do not fit together.</exception>
    /// <remarks>Spec: models 4.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor flow, Tensor noisy, ReadOnlySpan<float> sigmas) => throw new NotImplementedException();
}
