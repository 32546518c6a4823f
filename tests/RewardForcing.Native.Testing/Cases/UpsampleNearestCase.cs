using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="UpsampleNearest"/>.</summary>
public sealed class UpsampleNearestCase : OpCase<UpsampleNearestCase.Size>
{
    /// <summary>Sizes.</summary>
    public readonly record struct Size(int Images, int Height, int Width, int Channels);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 1), new(3, 2, 5, 7), new(0, 2, 2, 3), new(2, 0, 3, 4), new(2, 3, 2, 0), new(2, 5, 6, 192), new(4, 60, 104, 384),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [new(static pass => UpsampleNearest.Forward(pass, pass.Zeros(new(4, 4))), "x", "[..., H, W, C]", "got [4, 4]")];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Images, size.Height, size.Width, size.Channels), InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => UpsampleNearest.Forward(pass, inputs[0]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Images, 2 * size.Height, 2 * size.Width, size.Channels);
        for (int n = 0; n < size.Images; n++)
        {
            for (int h = 0; h < 2 * size.Height; h++)
            {
                for (int w = 0; w < 2 * size.Width; w++)
                {
                    for (int c = 0; c < size.Channels; c++)
                    {
                        y[n, h, w, c] = inputs[0][n, h / 2, w / 2, c];
                    }
                }
            }
        }

        return y;
    }
}
