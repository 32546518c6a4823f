using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The forward process of flow matching.</summary>
public static class AddNoise
{
    /// <summary>Computes <c>x_σ = (1 - σ) x0 + σ ε</c> in float with one sigma per entry of the first dimension; rounded once to the type of <paramref name="noise"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x0">Clean latents, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="sigmas">R noise levels, 0 to 1.</param>
    /// <exception cref="ArgumentException">The shapes or counts do not fit together.</exception>
    /// <remarks>Spec: models 4.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor x0, Tensor noise, ReadOnlySpan<float> sigmas) => throw new NotImplementedException();
}
