using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="ChannelRmsNorm"/>.</summary>
public sealed class ChannelRmsNormCase : OpCase<ChannelRmsNormCase.Size>
{
    /// <summary>Sizes and settings.</summary>
    public readonly record struct Size(int Pixels, int Channels, Activation Activation);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, Activation.None), new(5, 7, Activation.Silu), new(0, 8, Activation.None), new(9, 33, Activation.None), new(20, 384, Activation.Silu),
        new(104 * 60 * 4, 384, Activation.Silu),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => ChannelRmsNorm.Forward(pass, pass.Zeros(new Shape(3, 7)), pass.Zeros(new Shape(6, 1, 1))), "gamma", "7 elements", "got [6, 1, 1]"),
        new(static pass => ChannelRmsNorm.Forward(pass, pass.Zeros(new Shape()), pass.Zeros(new Shape(1))), "x", "[..., C]", "got []"),
        new(static pass => ChannelRmsNorm.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(7)), (Activation)77), "activation", "got 77"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("x", new Shape(size.Pixels, size.Channels)), new("gamma", new Shape(size.Channels, 1, 1), InputKind.Weight)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => ChannelRmsNorm.Forward(pass, inputs[0], inputs[1], size.Activation);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (Numbers<T> x, Numbers<T> gamma, Numbers<T> y) = (inputs[0], inputs[1], new(size.Pixels, size.Channels));
        for (int p = 0; p < size.Pixels; p++)
        {
            T sum = T.Zero;
            for (int c = 0; c < size.Channels; c++)
            {
                sum += x[p, c] * x[p, c];
            }

            T length = T.Max(round(T.Sqrt(sum)), T.CreateChecked(1e-12));
            for (int c = 0; c < size.Channels; c++)
            {
                T scaled = round(round(x[p, c] / length) * T.Sqrt(T.CreateChecked(size.Channels)));
                y[p, c] = ActivationFormula.Of(size.Activation, round(scaled * gamma[c, 0, 0]));
            }
        }

        return y;
    }
}
