using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The exponential moving average of an attention sink.</summary>
public static class SinkUpdate
{
    /// <summary>Computes <c>sink ← alpha · sink + (1 - alpha) · evicted</c> in place. With BF16 tensors both products and the sum are rounded, which nearly freezes the sink, as the reference does.</summary>
    /// <param name="sink">Keys or values of the sink, changed in place; F32 or BF16.</param>
    /// <param name="evicted">Keys or values that leave the window, same shape; F32 or BF16.</param>
    /// <param name="alpha">Share that is kept, 0 to 1; 0.999 in Reward Forcing.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <remarks>Reward Forcing (arXiv 2512.04678), EMA-Sink. Spec: models 2.4, 2.5.</remarks>
    public static void Update(Tensor sink, Tensor evicted, float alpha) => throw new NotImplementedException();
}
