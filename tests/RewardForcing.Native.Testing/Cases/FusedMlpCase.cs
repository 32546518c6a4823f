using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="FusedMlp"/>.</summary>
public sealed class FusedMlpCase : OpCase<FusedMlpCase.Size>
{
    /// <summary>Sizes; every frame has <c>PerFrame</c> tokens.</summary>
    public readonly record struct Size(int Batch, int Frames, int PerFrame, int Channels, int Inner);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 1, 1), new(2, 3, 2, 7, 9), new(0, 2, 3, 8, 8), new(1, 2, 0, 8, 16), new(1, 2, 5, 24, 40), new(1, 3, 2, 96, 136), new(1, 2, 67, 40, 72), new(1, 3, 1560, 1536, 8960)];

    /// <inheritdoc/>
    public override IReadOnlyList<string> MessageNames => [Name, "linear"];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 5), new(8, 4), new(4, 8), new(1, 3, 4)), "input", "[1, 6, 4]", "got [1, 6, 5]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 4), new(8, 5), new(4, 8), new(1, 3, 4)), "weight", "[O, 4]", "got [8, 5]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 4), new(8, 4), new(4, 7), new(1, 3, 4)), "down", "[4, 8]", "got [4, 7]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 4), new(8, 4), new(4, 8), new(1, 4, 4)), "gate", "[1, F, 4]", "got [1, 4, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 4), new(8, 4), new(4, 8), new(1, 3, 4), new(5)), "downBias", "[4]", "got [5]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        Shape tokens = new(size.Batch, size.Frames * size.PerFrame, size.Channels);
        return
        [
            new("x", tokens), new("input", tokens), new("up", new Shape(size.Inner, size.Channels), InputKind.Weight), new("upBias", new Shape(size.Inner), InputKind.Weight),
            new("down", new Shape(size.Channels, size.Inner), InputKind.Weight), new("downBias", new Shape(size.Channels), InputKind.Weight),
            new("gate", new Shape(size.Batch, size.Frames, size.Channels)),
        ];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) =>
        FusedMlp.Forward(pass, inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5], inputs[6]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int tokens = size.Frames * size.PerFrame;
        Numbers<T> y = new(size.Batch, tokens, size.Channels);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int l = 0; l < tokens; l++)
            {
                var hidden = new T[size.Inner];
                for (int m = 0; m < size.Inner; m++)
                {
                    T sum = inputs[3][m];
                    for (int c = 0; c < size.Channels; c++)
                    {
                        sum += inputs[1][b, l, c] * inputs[2][m, c];
                    }

                    hidden[m] = round(ActivationFormula.Of(Activation.GeluTanh, round(sum)));
                }

                for (int o = 0; o < size.Channels; o++)
                {
                    T sum = inputs[5][o];
                    for (int m = 0; m < size.Inner; m++)
                    {
                        sum += hidden[m] * inputs[4][o, m];
                    }

                    y[b, l, o] = inputs[0][b, l, o] + round(round(sum) * inputs[6][b, l / size.PerFrame, o]);
                }
            }
        }

        return y;
    }

    private static Tensor Call(Pass pass, Shape x, Shape input, Shape up, Shape down, Shape gate, Shape? downBias = null) =>
        FusedMlp.Forward(pass, pass.Zeros(x), pass.Zeros(input), pass.Zeros(up), null, pass.Zeros(down), downBias is Shape b ? pass.Zeros(b) : null, pass.Zeros(gate));
}
