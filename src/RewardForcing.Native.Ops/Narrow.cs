using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Takes a range of one dimension.</summary>
public static class Narrow
{
    private const string Op = "narrow";

    /// <summary>Copies entries <c>first .. first + count</c> of a dimension. For the first dimension <see cref="Pass.Slice"/> needs no copy.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and type.</param>
    /// <param name="dimension">Which dimension.</param>
    /// <param name="first">First entry.</param>
    /// <param name="count">Number of entries.</param>
    /// <exception cref="ArgumentException">The range is not within the dimension.</exception>
    public static Tensor Forward(Pass pass, Tensor x, int dimension, int first, int count)
    {
        Check.That(dimension >= 0 && dimension < x.Shape.Rank, Op, $"dimension must be one of the {x.Shape.Rank} dimensions of x {x.Shape}, got {dimension}.");
        int extent = x.Shape[dimension];
        Check.That(
            first >= 0 && count >= 0 && first <= extent - count, Op, $"entries {first}..{(long)first + count} are not within dimension {dimension} of x {x.Shape}.");
        Tensor y = pass.New(x.Shape.With(dimension, count), x.DType);
        long entry = Concat.EntryBytes(x, dimension);
        long runs = y.Count == 0 ? 0 : y.Bytes / (count * entry);
        RunCopy.Run(Op, x, first * entry, extent * entry, y, 0, count * entry, runs, count * entry);
        Shape whole = x.Shape;
        pass.Record(y, [x], [], (back, dy) => [Backward(back, dy, whole, dimension, first)]);
        return y;
    }

    // dx is dy in the range and zero elsewhere.
    private static Tensor Backward(Pass back, Tensor dy, Shape whole, int dimension, int first)
    {
        Tensor dx = back.Zeros(whole, dy.DType);
        (int extent, int count) = (whole[dimension], dy.Shape[dimension]);
        long entry = Concat.EntryBytes(dy, dimension);
        long runs = dy.Count == 0 ? 0 : dy.Bytes / (count * entry);
        RunCopy.Run(Op, dy, 0, count * entry, dx, first * entry, extent * entry, runs, count * entry);
        return dx;
    }
}
