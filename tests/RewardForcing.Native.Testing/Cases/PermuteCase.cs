using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Permute"/>.</summary>
public sealed class PermuteCase : OpCase<PermuteCase.Size>
{
    /// <summary>Extents and the order as digits: <c>201</c> puts the last dimension first.</summary>
    public readonly record struct Size(Shape Shape, string Order)
    {
        /// <summary>The order as numbers.</summary>
        public int[] Dimensions => [.. Order.Select(static digit => digit - '0')];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(new Shape(), string.Empty), new(new Shape(5), "0"), new(new Shape(3, 7), "10"), new(new Shape(2, 3, 5), "012"),
        new(new Shape(2, 3, 5), "201"), new(new Shape(4, 1, 3, 2), "3120"),
        new(new Shape(0, 4, 3), "210"), new(new Shape(2, 3, 2, 5, 2, 2, 3, 2), "74016253"), new(new Shape(300, 270), "10"), new(new Shape(1, 16, 3, 20, 26), "02341"),
        new(new Shape(1, 16, 21, 60, 104), "02341"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Permute.Forward(pass, pass.Zeros(new(3, 4)), 0), "order", "x [3, 4]", "got [0]"),
        new(static pass => Permute.Forward(pass, pass.Zeros(new(3, 4)), 0, 0), "order", "x [3, 4]", "got [0, 0]"),
        new(static pass => Permute.Forward(pass, pass.Zeros(new(3, 4)), 1, 2), "order", "x [3, 4]", "got [1, 2]"),
        new(static pass => Permute.Forward(pass, pass.Zeros(new(3, 4)), 0, 1, 2), "order", "x [3, 4]", "got [0, 1, 2]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", size.Shape, InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Permute.Forward(pass, inputs[0], size.Dimensions);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int[] order = size.Dimensions;
        Numbers<T> y = new([.. order.Select(d => size.Shape[d])]);
        int[] at = new int[order.Length];
        int[] from = new int[order.Length];
        for (int i = 0; i < y.Values.Length; i++)
        {
            for (int d = order.Length - 1, rest = i; d >= 0; rest /= y.Shape[d], d--)
            {
                from[order[d]] = at[d] = rest % y.Shape[d];
            }

            y[at] = inputs[0][from];
        }

        return y;
    }
}
