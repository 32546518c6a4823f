using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Layer normalisation over the last dimension.</summary>
public static class LayerNorm
{
    /// <summary>Computes <c>y = (x - mean) * rsqrt(variance + eps) * weight + bias</c> with the biased variance, in two passes; one rounding in BF16.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="weight">Scale, <c>[C]</c>; null for none.</param>
    /// <param name="bias">Shift, <c>[C]</c>; null for none.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">A parameter is not <c>[C]</c>.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor? weight, Tensor? bias, float eps) => throw new NotImplementedException();
}
