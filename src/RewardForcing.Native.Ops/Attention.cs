using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Scaled dot-product attention without a score matrix.</summary>
public static class Attention
{
    /// <summary>Computes <c>softmax(scale · q kᵀ + bias) v</c> per head, online, in blocks of keys; sums are float.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="q">Queries, <c>[B, L, N, D]</c>, F32 or BF16.</param>
    /// <param name="k">Keys, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="v">Values, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="scale">Factor of the scores; Wan uses <c>1/sqrt(D)</c>, umT5 uses 1.</param>
    /// <param name="mask">Which keys a query sees. A query that sees none gives zeros.</param>
    /// <param name="relativeBias">
    /// Added to the scores, <c>[N, L + S - 1]</c>: entry <c>j - i + L - 1</c> belongs to query i and key j. With BF16 input the score is
    /// rounded before and after the addition, as umT5 in bfloat16 does.
    /// </param>
    /// <returns><c>[B, L, N, D]</c> of the type of <paramref name="q"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Dao 2023 (FlashAttention-2), algorithm 1.</remarks>
    public static Tensor Forward(Pass pass, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask = default, Tensor? relativeBias = null) =>
        throw new NotImplementedException();
}
