using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="ModulatedLayerNorm"/>.</summary>
public sealed class ModulatedLayerNormCase : OpCase<ModulatedLayerNormCase.Size>
{
    private const float Eps = 1e-6f;

    /// <summary>Sizes; every frame has <c>PerFrame</c> tokens.</summary>
    public readonly record struct Size(int Batch, int Frames, int PerFrame, int Channels);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 1), new(2, 3, 2, 7), new(0, 2, 3, 8), new(1, 0, 3, 8), new(2, 2, 0, 8), new(1, 3, 5, 33), new(1, 3, 2, 1536), new(1, 3, 520, 1536)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(1, 6, 4), new(1, 4, 4), new(1, 4, 4)), "shift", "[1, F, 4]", "got [1, 4, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 3, 5), new(1, 3, 5)), "shift", "got [1, 3, 5]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 3, 4), new(2, 3, 4)), "scale", "got [2, 3, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 3, 4), new(1, 2, 4)), "scale", "[1, 3, 4]", "got [1, 2, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 0, 4), new(1, 0, 4)), "shift", "got [1, 0, 4]"),
        new(static pass => Call(pass, new(6, 4), new(1, 3, 4), new(1, 3, 4)), "x", "[B, L, C]", "got [6, 4]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        Shape rows = new(size.Batch, size.Frames, size.Channels);
        return
        [
            new("x", new Shape(size.Batch, size.Frames * size.PerFrame, size.Channels), Low: -2, High: 4),
            new("shift", rows, InputKind.Operand), new("scale", rows, InputKind.Operand),
        ];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => ModulatedLayerNorm.Forward(pass, inputs[0], inputs[1], inputs[2], Eps);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int tokens = size.Frames * size.PerFrame;
        Numbers<T> y = LayerNormCase.Normalise(inputs[0].Reshape(size.Batch * tokens, size.Channels), Eps).Reshape(size.Batch, tokens, size.Channels);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int l = 0; l < tokens; l++)
            {
                for (int c = 0; c < size.Channels; c++)
                {
                    T factor = round(T.One + inputs[2][b, l / size.PerFrame, c]);
                    y[b, l, c] = round(round(y[b, l, c]) * factor) + inputs[1][b, l / size.PerFrame, c];
                }
            }
        }

        return y;
    }

    private static Tensor Call(Pass pass, Shape x, Shape shift, Shape scale) =>
        ModulatedLayerNorm.Forward(pass, pass.Zeros(x), pass.Zeros(shift), pass.Zeros(scale), Eps);
}
