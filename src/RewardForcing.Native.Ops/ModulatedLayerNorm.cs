using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Layer normalisation with a scale and shift per latent frame (adaLN).</summary>
public static class ModulatedLayerNorm
{
    /// <summary>Computes <c>y = LN(x) * (1 + scale) + shift</c>; in BF16 the norm, <c>1 + scale</c>, the product and the sum are each rounded.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>, F32 or BF16.</param>
    /// <param name="shift">One row per latent frame, <c>[B, F, C]</c>; L is a multiple of F.</param>
    /// <param name="scale">One row per latent frame, <c>[B, F, C]</c>.</param>
    /// <param name="eps">Added to the variance; Wan uses 1e-6.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 block; Peebles and Xie 2023, sec. 3.2. Spec: models 1.4(6), 1.5.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor shift, Tensor scale, float eps) => throw new NotImplementedException();
}
