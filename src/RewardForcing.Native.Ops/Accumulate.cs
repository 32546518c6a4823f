using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Adds to a tensor in place, as the tape sums the gradients of a tensor that several ops used.</summary>
public static class Accumulate
{
    private const string Op = "accumulate";

    /// <summary>Computes <c>sum ← sum + term</c> in float, rounded once to the type of <paramref name="sum"/>.</summary>
    /// <param name="sum">Changed in place; F32 or BF16.</param>
    /// <param name="term">Same shape; F32 or BF16.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static void Into(Tensor sum, Tensor term)
    {
        Check.Activation(Op, sum);
        Check.Activation(Op, term);
        Check.Shape(Op, term, sum.Shape, "as sum");
        sum.Device.Accumulate(sum, term);
    }
}
