using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="SinkUpdate"/>; the result is the sink, which is changed in place.</summary>
public sealed class SinkUpdateCase : OpCase<SinkUpdateCase.Size>
{
    /// <summary>Number of elements, and the share that is kept.</summary>
    public readonly record struct Size(int Count, double Alpha);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 0.5), new(37, 0.999), new(37, 0), new(37, 1), new(0, 0.9), new(20_011, 0.75), new(3 * 1560 * 1536, 0.999)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => SinkUpdate.Update(pass.Zeros(new(3, 4)), pass.Zeros(new(4, 3)), 0.5), "evicted", "[3, 4]", "got [4, 3]"),
        new(static pass => SinkUpdate.Update(pass.Zeros(new(3)), pass.Zeros(new(3)), 1.5), "alpha", "from 0 to 1", "got 1.5"),
        new(static pass => SinkUpdate.Update(pass.Zeros(new(3)), pass.Zeros(new(3)), double.NaN), "alpha", "from 0 to 1", "got NaN"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("sink", new Shape(size.Count), Changes: true), new("evicted", new Shape(size.Count), InputKind.Operand)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs)
    {
        SinkUpdate.Update(inputs[0], inputs[1], size.Alpha);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (T keep, T add) = (T.CreateChecked((float)size.Alpha), T.CreateChecked((float)(1 - size.Alpha)));
        Numbers<T> y = new(size.Count);
        for (int i = 0; i < size.Count; i++)
        {
            y[i] = round(keep * inputs[0][i]) + round(add * inputs[1][i]);
        }

        return y;
    }
}
