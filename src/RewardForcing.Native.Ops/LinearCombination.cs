using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Weighted sums, the arithmetic of samplers.</summary>
public static class LinearCombination
{
    /// <summary>Computes <c>y = sum_i factor_i * term_i</c> from left to right. Products and sums are double and rounded once.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="dtype">Type of the result: F32 or BF16.</param>
    /// <param name="terms">At least one factor and tensor; all of one shape; F32 or BF16.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Forward(Pass pass, DType dtype, params ReadOnlySpan<(double Factor, Tensor Term)> terms) => throw new NotImplementedException();
}
