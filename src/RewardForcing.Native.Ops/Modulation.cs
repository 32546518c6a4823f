using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums a learned table and the time embedding into shift, scale and gate rows.</summary>
public static class Modulation
{
    /// <summary>Computes <c>m[k, b, f] = table[k] + e[b, f, k]</c>, or <c>+ e[b, f]</c> where the embedding has one row for all k.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="table">Learned rows, <c>[1, K, C]</c> as in checkpoints (K = 6 in blocks, 2 in the head); any float type.</param>
    /// <param name="e">Time embedding, <c>[B, F, K, C]</c>, or <c>[B, F, C]</c> shared by all rows; F32 or BF16.</param>
    /// <returns><c>[K, B, F, C]</c>, so that entry k is one modulation row for <see cref="ModulatedLayerNorm"/> or <see cref="GatedResidual"/>; the type of <paramref name="e"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Spec: models 1.4(6), 1.4(10), 2.2.</remarks>
    public static Tensor Forward(Pass pass, Tensor table, Tensor e) => throw new NotImplementedException();
}
