using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="GatedGelu"/>.</summary>
public sealed class GatedGeluCase : OpCase<GatedGeluCase.Size>
{
    /// <summary>Sizes.</summary>
    public readonly record struct Size(int Rows, int Channels);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 1), new(3, 7), new(0, 8), new(5, 33), new(2, 10240), new(512, 10240)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => GatedGelu.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(7, 3))), "up", "[3, 7]", "got [7, 3]"),
        new(static pass => GatedGelu.Forward(pass, pass.Zeros(new(3, 7), DType.BF16), pass.Zeros(new(3, 7))), "up", "BF16", "got F32"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("gate", new Shape(size.Rows, size.Channels), Low: -6, High: 6), new("up", new Shape(size.Rows, size.Channels))];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => GatedGelu.Forward(pass, inputs[0], inputs[1]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Rows, size.Channels);
        for (int i = 0; i < y.Values.Length; i++)
        {
            T x = inputs[0].Values[i];
            T cubic = round(round(x * x * x) * T.CreateChecked(0.044715f));
            T tanh = round(T.Tanh(round(round(x + cubic) * T.CreateChecked(MathF.Sqrt(2 / MathF.PI)))));
            y.Values[i] = round(round(x * T.CreateChecked(0.5)) * round(T.One + tanh)) * inputs[1].Values[i];
        }

        return y;
    }
}
