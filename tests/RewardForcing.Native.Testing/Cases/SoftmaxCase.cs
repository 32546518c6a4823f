using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Softmax"/>.</summary>
public sealed class SoftmaxCase : OpCase<SoftmaxCase.Size>
{
    /// <summary>Sizes, and how far the inputs are from zero.</summary>
    public readonly record struct Size(int Rows, int Channels, double Largest = 4);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 1), new(3, 7), new(0, 8), new(5, 33, 300), new(5, 33), new(12, 512), new(12 * 512, 512)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [new(static pass => Softmax.Forward(pass, pass.Zeros(new Shape())), "x", "[..., C]", "got []")];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Rows, size.Channels), Low: -size.Largest, High: size.Largest)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Softmax.Forward(pass, inputs[0]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (Numbers<T> x, Numbers<T> y) = (inputs[0], new(size.Rows, size.Channels));
        for (int r = 0; r < size.Rows; r++)
        {
            (T largest, T sum) = (x[r, 0], T.Zero);
            for (int c = 0; c < size.Channels; c++)
            {
                largest = T.Max(largest, x[r, c]);
            }

            for (int c = 0; c < size.Channels; c++)
            {
                y[r, c] = T.Exp(x[r, c] - largest);
                sum += y[r, c];
            }

            for (int c = 0; c < size.Channels; c++)
            {
                y[r, c] /= sum;
            }
        }

        return y;
    }
}
