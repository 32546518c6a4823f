using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Reorders dimensions.</summary>
public static class Permute
{
    private const string Op = "permute";

    /// <summary>Copies so that dimension <c>i</c> of the result is dimension <c>order[i]</c> of the input.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape and type.</param>
    /// <param name="order">A permutation of the dimensions.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is no permutation of the dimensions of <paramref name="x"/>.</exception>
    public static Tensor Forward(Pass pass, Tensor x, params ReadOnlySpan<int> order)
    {
        int rank = x.Shape.Rank;
        bool valid = order.Length == rank;
        for (int d = 0; d < rank && valid; d++)
        {
            valid = order.Contains(d);
        }

        Check.That(valid, Op, $"order must name each of the {rank} dimensions of x {x.Shape} once, got [{string.Join(", ", order.ToArray())}].");
        var sourceStrides = new long[rank];
        long stride = 1;
        for (int d = rank - 1; d >= 0; d--)
        {
            sourceStrides[d] = stride;
            stride *= x.Shape[d];
        }

        var shape = new int[rank];
        var strides = new long[rank];
        for (int d = 0; d < rank; d++)
        {
            (shape[d], strides[d]) = (x.Shape[order[d]], sourceStrides[order[d]]);
        }

        Tensor y = pass.New(new Shape(shape), x.DType);
        StridedCopy.Run(Op, x, y, shape, strides);
        if (pass.IsTraining)
        {
            var back = new int[rank];
            for (int d = 0; d < rank; d++)
            {
                back[order[d]] = d;
            }

            pass.Record(y, [x], [], (pass, dy) => [Forward(pass, dy, back)]);
        }

        return y;
    }
}
