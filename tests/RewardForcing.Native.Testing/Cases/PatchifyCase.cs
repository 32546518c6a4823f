using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Patchify"/>.</summary>
public sealed class PatchifyCase : OpCase<PatchifyCase.Size>
{
    /// <summary>Sizes; height and width are those of the token grid.</summary>
    public readonly record struct Size(int Batch, int Channels, int Frames, int Height, int Width);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 1, 1), new(2, 3, 2, 3, 5), new(0, 3, 2, 2, 2), new(1, 3, 0, 2, 2), new(1, 2, 1, 0, 3), new(1, 16, 3, 6, 10), new(1, 16, 3, 30, 52)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Patchify.Forward(pass, pass.Zeros(new(1, 2, 3, 4))), "x", "[B, C, F, H, W]", "got [1, 2, 3, 4]"),
        new(static pass => Patchify.Forward(pass, pass.Zeros(new(1, 2, 3, 5, 4))), "height and width", "even", "got x [1, 2, 3, 5, 4]"),
        new(static pass => Patchify.Forward(pass, pass.Zeros(new(1, 2, 3, 4, 7))), "height and width", "even", "got x [1, 2, 3, 4, 7]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Batch, size.Channels, size.Frames, 2 * size.Height, 2 * size.Width), InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Patchify.Forward(pass, inputs[0]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (int batch, int channels, int frames, int height, int width) = (size.Batch, size.Channels, size.Frames, size.Height, size.Width);
        Numbers<T> y = new(batch, frames * height * width, 4 * channels);
        for (int b = 0; b < batch; b++)
        {
            for (int token = 0; token < frames * height * width; token++)
            {
                (int f, int h, int w) = (token / (height * width), token / width % height, token % width);
                for (int c = 0; c < 4 * channels; c++)
                {
                    y[b, token, c] = inputs[0][b, c / 4, f, (2 * h) + (c / 2 % 2), (2 * w) + (c % 2)];
                }
            }
        }

        return y;
    }
}
