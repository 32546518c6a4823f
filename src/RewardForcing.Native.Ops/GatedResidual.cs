using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Adds a branch to the residual stream, scaled per latent frame.</summary>
public static class GatedResidual
{
    /// <summary>Computes <c>y = x + gate * branch</c>; in BF16 product and sum are each rounded.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>, F32 or BF16.</param>
    /// <param name="branch">Output of attention or MLP, same shape as <paramref name="x"/>.</param>
    /// <param name="gate">One row per latent frame, <c>[B, F, C]</c>; L is a multiple of F.</param>
    /// <returns>A new tensor of the shape of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 block, adaLN-zero gate (Peebles and Xie 2023, sec. 3.2).</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor branch, Tensor gate) => throw new NotImplementedException();
}
