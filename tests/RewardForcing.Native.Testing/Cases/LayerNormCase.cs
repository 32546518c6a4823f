using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="LayerNorm"/>.</summary>
public sealed class LayerNormCase : OpCase<LayerNormCase.Size>
{
    private const float Eps = 1e-6f;

    /// <summary>Sizes, and whether there are a weight and a bias.</summary>
    public readonly record struct Size(int Rows, int Channels, bool Weight, bool Bias);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, true, true), new(3, 7, false, false), new(3, 7, true, false), new(4, 9, false, true), new(0, 8, true, true), new(5, 33, true, true),
        new(6, 1536, true, true), new(1560, 1536, true, true),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => LayerNorm.Forward(pass, pass.Zeros(new Shape(3, 7)), pass.Zeros(new Shape(6)), null, Eps), "weight", "[7]", "got [6]"),
        new(static pass => LayerNorm.Forward(pass, pass.Zeros(new Shape(3, 7)), null, pass.Zeros(new Shape(8)), Eps), "bias", "[7]", "got [8]"),
        new(static pass => LayerNorm.Forward(pass, pass.Zeros(new Shape()), null, null, Eps), "x", "[..., C]", "got []"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        List<CaseInput> inputs = [new("x", new Shape(size.Rows, size.Channels), Low: -2, High: 4)];
        if (size.Weight)
        {
            inputs.Add(new("weight", new Shape(size.Channels), InputKind.Weight));
        }

        if (size.Bias)
        {
            inputs.Add(new("bias", new Shape(size.Channels), InputKind.Weight));
        }

        return inputs;
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) =>
        LayerNorm.Forward(pass, inputs[0], size.Weight ? inputs[1] : null, size.Bias ? inputs[^1] : null, Eps);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = Normalise(inputs[0].Reshape(size.Rows, size.Channels), Eps);
        for (int r = 0; r < size.Rows; r++)
        {
            for (int c = 0; c < size.Channels; c++)
            {
                T scaled = size.Weight ? y[r, c] * inputs[1][c] : y[r, c];
                y[r, c] = size.Bias ? scaled + inputs[^1][c] : scaled;
            }
        }

        return y;
    }

    /// <summary><c>(x - mean) / sqrt(variance + eps)</c> of rows, <c>[R, C]</c>.</summary>
    internal static Numbers<T> Normalise<T>(Numbers<T> x, double eps)
        where T : IFloatingPointIeee754<T>
    {
        (int rows, int channels) = (x.Shape[0], x.Shape[1]);
        Numbers<T> y = new(rows, channels);
        for (int r = 0; r < rows; r++)
        {
            (T sum, T squares) = (T.Zero, T.Zero);
            for (int c = 0; c < channels; c++)
            {
                sum += x[r, c];
            }

            T mean = sum / T.CreateChecked(channels);
            for (int c = 0; c < channels; c++)
            {
                squares += (x[r, c] - mean) * (x[r, c] - mean);
            }

            T inverse = T.One / T.Sqrt((squares / T.CreateChecked(channels)) + T.CreateChecked(eps));
            for (int c = 0; c < channels; c++)
            {
                y[r, c] = (x[r, c] - mean) * inverse;
            }
        }

        return y;
    }
}
