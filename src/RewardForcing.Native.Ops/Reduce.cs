using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Sums and means over whole tensors or their last dimension.</summary>
public static class Reduce
{
    /// <summary>Computes the mean of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>; NaN for an empty input.</returns>
    public static Tensor Mean(Pass pass, Tensor x) => throw new NotImplementedException();

    /// <summary>Computes the sum of all elements, accumulated in double in a fixed order.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>.</returns>
    public static Tensor Sum(Pass pass, Tensor x) => throw new NotImplementedException();
}
