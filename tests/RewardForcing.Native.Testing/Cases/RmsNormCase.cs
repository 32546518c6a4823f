using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="RmsNorm"/>.</summary>
public sealed class RmsNormCase : OpCase<RmsNormCase.Size>
{
    private const float Eps = 1e-6f;

    /// <summary>Sizes.</summary>
    public readonly record struct Size(int Rows, int Channels);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 1), new(3, 7), new(0, 8), new(5, 33), new(6, 1536), new(1560, 1536)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => RmsNorm.Forward(pass, pass.Zeros(new Shape(3, 7)), pass.Zeros(new Shape(6)), Eps), "weight", "[7]", "got [6]"),
        new(static pass => RmsNorm.Forward(pass, pass.Zeros(new Shape(3, 7)), pass.Zeros(new Shape(7, 1)), Eps), "weight", "[7]", "got [7, 1]"),
        new(static pass => RmsNorm.Forward(pass, pass.Zeros(new Shape()), pass.Zeros(new Shape(1)), Eps), "x", "[..., C]", "got []"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("x", new Shape(size.Rows, size.Channels)), new("weight", new Shape(size.Channels), InputKind.Weight)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => RmsNorm.Forward(pass, inputs[0], inputs[1], Eps);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (Numbers<T> x, Numbers<T> weight, Numbers<T> y) = (inputs[0], inputs[1], new(size.Rows, size.Channels));
        for (int r = 0; r < size.Rows; r++)
        {
            T sum = T.Zero;
            for (int c = 0; c < size.Channels; c++)
            {
                sum += x[r, c] * x[r, c];
            }

            T inverse = T.One / T.Sqrt((sum / T.CreateChecked(size.Channels)) + T.CreateChecked(Eps));
            for (int c = 0; c < size.Channels; c++)
            {
                y[r, c] = round(x[r, c] * inverse) * weight[c];
            }
        }

        return y;
    }
}
