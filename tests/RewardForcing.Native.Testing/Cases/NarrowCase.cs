using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Narrow"/>.</summary>
public sealed class NarrowCase : OpCase<NarrowCase.Size>
{
    /// <summary><c>[Outer, Extent, Inner]</c> and the range of the middle dimension.</summary>
    public readonly record struct Size(int Outer, int Extent, int Inner, int First, int Count);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 0, 1), new(3, 5, 7, 1, 3), new(3, 5, 7, 4, 1), new(2, 5, 3, 5, 0), new(0, 5, 3, 1, 2), new(2, 5, 0, 1, 2), new(2, 9, 1536, 3, 5),
        new(1, 4680, 1536, 1560, 3120),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Narrow.Forward(pass, pass.Zeros(new(3, 4)), 2, 0, 1), "dimension", "x [3, 4]", "got 2"),
        new(static pass => Narrow.Forward(pass, pass.Zeros(new(3, 4)), -1, 0, 1), "dimension", "x [3, 4]", "got -1"),
        new(static pass => Narrow.Forward(pass, pass.Zeros(new(3, 4)), 1, 2, 3), "2..5", "dimension 1 of x [3, 4]"),
        new(static pass => Narrow.Forward(pass, pass.Zeros(new(3, 4)), 1, -1, 3), "-1..2", "dimension 1 of x [3, 4]"),
        new(static pass => Narrow.Forward(pass, pass.Zeros(new(3, 4)), 1, int.MaxValue, int.MaxValue), "2147483647..4294967294", "dimension 1 of x [3, 4]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Outer, size.Extent, size.Inner), InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Narrow.Forward(pass, inputs[0], 1, size.First, size.Count);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Outer, size.Count, size.Inner);
        for (int o = 0; o < size.Outer; o++)
        {
            for (int e = 0; e < size.Count; e++)
            {
                for (int i = 0; i < size.Inner; i++)
                {
                    y[o, e, i] = inputs[0][o, size.First + e, i];
                }
            }
        }

        return y;
    }
}
