using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The filter whose convolution with the gradient of a result gives the gradient of the input: inputs and outputs change places, taps are reversed.</summary>
/// <remarks>
/// Under a step s, the taps that meet an input pixel are every s-th: each of the s phases of an axis is a convolution of its own with a
/// part of the taps, and no product with a zero is made. Dumoulin and Visin 2016, section 4.
/// </remarks>
internal static class FlippedFilter
{
    /// <summary>Taps of an axis that a phase has.</summary>
    public static int Taps(int all, int phase, int step) => phase < all ? ((all - 1 - phase) / step) + 1 : 0;

    /// <summary>Copies <c>[O, C, taps...]</c> to <c>[C, O, kept taps...]</c>: of each axis those at phase, phase + step, ..., the last one first.</summary>
    /// <param name="pass">Owns the result.</param>
    /// <param name="op">The op, for the sentence about a device that has no path.</param>
    /// <param name="weight">The filter; any float type.</param>
    /// <param name="phases">Phase and step of every axis of taps; each has at least one tap.</param>
    public static Tensor Make(Pass pass, string op, Tensor weight, params ReadOnlySpan<(int Phase, int Step)> phases)
    {
        int rank = weight.Shape.Rank;
        var shape = new int[rank];
        var strides = new long[rank];
        (long stride, long first) = (1, 0);
        for (int d = rank - 1; d >= 2; d--)
        {
            (int phase, int step) = phases[d - 2];
            shape[d] = Taps(weight.Shape[d], phase, step);
            strides[d] = -step * stride;
            first += (phase + ((shape[d] - 1) * (long)step)) * stride;
            stride *= weight.Shape[d];
        }

        (shape[0], strides[0]) = (weight.Shape[1], stride);
        (shape[1], strides[1]) = (weight.Shape[0], stride * weight.Shape[1]);
        Tensor flipped = pass.New(new Shape(shape), weight.DType);
        using Scope scope = pass.BeginScope();
        StridedCopy.Run(op, pass.Own(weight.ViewAt(first, new Shape(1))), flipped, shape, strides);
        return flipped;
    }
}
