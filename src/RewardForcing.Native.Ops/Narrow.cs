using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Takes a range of one dimension.</summary>
public static class Narrow
{
    /// <summary>Copies entries <c>first .. first + count</c> of a dimension. For the first dimension <see cref="Pass.Slice"/> needs no copy.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and type.</param>
    /// <param name="dimension">Which dimension.</param>
    /// <param name="first">First entry.</param>
    /// <param name="count">Number of entries.</param>
    /// <exception cref="ArgumentException">The range is not within the dimension.</exception>
    public static Tensor Forward(Pass pass, Tensor x, int dimension, int first, int count) => throw new NotImplementedException();
}
