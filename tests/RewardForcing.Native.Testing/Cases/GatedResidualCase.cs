using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="GatedResidual"/>.</summary>
public sealed class GatedResidualCase : OpCase<GatedResidualCase.Size>
{
    /// <summary>Sizes; every frame has <c>PerFrame</c> tokens.</summary>
    public readonly record struct Size(int Batch, int Frames, int PerFrame, int Channels);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 1), new(2, 3, 2, 7), new(0, 2, 3, 8), new(1, 0, 3, 8), new(2, 2, 0, 8), new(1, 3, 5, 33), new(1, 3, 2, 1536), new(1, 3, 520, 1536)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 5), new(1, 3, 4)), "branch", "[1, 6, 4]", "got [1, 6, 5]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 6, 4), new(1, 4, 4)), "gate", "[1, F, 4]", "got [1, 4, 4]"),
        new(static pass => Call(pass, new(6, 4), new(6, 4), new(1, 3, 4)), "x", "[B, L, C]", "got [6, 4]"),
        new(static pass => GatedResidual.Forward(pass, pass.Zeros(new(1, 2, 3)), pass.Zeros(new(1, 2, 3), DType.BF16), pass.Zeros(new(1, 1, 3))), "branch", "F32", "got BF16"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        Shape tokens = new(size.Batch, size.Frames * size.PerFrame, size.Channels);
        return [new("x", tokens), new("branch", tokens), new("gate", new Shape(size.Batch, size.Frames, size.Channels), InputKind.Operand)];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => GatedResidual.Forward(pass, inputs[0], inputs[1], inputs[2]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int tokens = size.Frames * size.PerFrame;
        Numbers<T> y = new(size.Batch, tokens, size.Channels);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int l = 0; l < tokens; l++)
            {
                for (int c = 0; c < size.Channels; c++)
                {
                    y[b, l, c] = inputs[0][b, l, c] + round(inputs[1][b, l, c] * inputs[2][b, l / size.PerFrame, c]);
                }
            }
        }

        return y;
    }

    private static Tensor Call(Pass pass, Shape x, Shape branch, Shape gate) => GatedResidual.Forward(pass, pass.Zeros(x), pass.Zeros(branch), pass.Zeros(gate));
}
