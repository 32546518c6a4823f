using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Multiply"/>.</summary>
public sealed class MultiplyCase : OpCase<MultiplyCase.Size>
{
    /// <summary><c>[Outer, Rows, Channels]</c> and as many of its last dimensions as the second operand has.</summary>
    public readonly record struct Size(int Outer, int Rows, int Channels, int Dimensions);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 3), new(2, 3, 7, 3), new(2, 3, 7, 2), new(3, 5, 33, 1), new(2, 2, 3, 0), new(0, 4, 8, 2), new(3, 0, 8, 1), new(2, 60, 1536, 1), new(1, 1560, 1536, 3)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Multiply.Forward(pass, pass.Zeros(new Shape(3, 7)), pass.Zeros(new Shape(3))), "b", "[3, 7]", "got [3]"),
        new(static pass => Multiply.Forward(pass, pass.Zeros(new Shape(7)), pass.Zeros(new Shape(1, 7))), "b", "[7]", "got [1, 7]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        int[] shape = [size.Outer, size.Rows, size.Channels];
        return [new("a", new Shape(shape)), new("b", new Shape(shape.AsSpan(3 - size.Dimensions)), InputKind.Weight)];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Multiply.Forward(pass, inputs[0], inputs[1]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Outer, size.Rows, size.Channels);
        for (int i = 0; i < y.Values.Length; i++)
        {
            y.Values[i] = inputs[0].Values[i] * inputs[1].Values[i % inputs[1].Values.Length];
        }

        return y;
    }
}
