using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Accumulate"/>; the result is the sum, which is changed in place.</summary>
public sealed class AccumulateCase : OpCase<AccumulateCase.Size>
{
    /// <summary>Number of elements.</summary>
    public readonly record struct Size(int Count);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1), new(37), new(0), new(4096), new(70_011), new(1536 * 8960)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [new(static pass => Accumulate.Into(pass.Zeros(new(3, 4)), pass.Zeros(new(4, 3))), "term", "[3, 4]", "got [4, 3]")];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("sum", new Shape(size.Count), Changes: true), new("term", new Shape(size.Count), InputKind.Operand)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs)
    {
        Accumulate.Into(inputs[0], inputs[1]);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Count);
        for (int i = 0; i < size.Count; i++)
        {
            y[i] = inputs[0][i] + inputs[1][i];
        }

        return y;
    }
}
