using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Root-mean-square normalisation over the last dimension.</summary>
public static class RmsNorm
{
    /// <summary>Computes <c>y = x * rsqrt(mean(x^2) + eps) * weight</c>; in BF16 the normalised value is rounded before the weight is applied.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="weight">Scale, <c>[C]</c>; any float type.</param>
    /// <param name="eps">Added to the mean square; Wan and umT5 use 1e-6.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="weight"/> is not <c>[C]</c>.</exception>
    /// <remarks>Zhang and Sennrich 2019, eq. 4.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, float eps) => throw new NotImplementedException();
}
