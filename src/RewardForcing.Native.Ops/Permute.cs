using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Reorders dimensions.</summary>
public static class Permute
{
    /// <summary>Copies so that dimension <c>i</c> of the result is dimension <c>order[i]</c> of the input.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and type.</param>
    /// <param name="order">A permutation of the dimensions.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is no permutation of the dimensions of <paramref name="x"/>.</exception>
    public static Tensor Forward(Pass pass, Tensor x, params ReadOnlySpan<int> order) => throw new NotImplementedException();
}
