using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Unpatchify"/>.</summary>
public sealed class UnpatchifyCase : OpCase<UnpatchifyCase.Size>
{
    /// <summary>Sizes; height and width are those of the token grid.</summary>
    public readonly record struct Size(int Batch, int Channels, int Frames, int Height, int Width);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 1, 1, 1, 1), new(2, 3, 2, 3, 5), new(0, 3, 2, 2, 2), new(1, 3, 0, 2, 2), new(1, 0, 1, 2, 3), new(1, 16, 3, 6, 10), new(1, 16, 3, 30, 52)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Unpatchify.Forward(pass, pass.Zeros(new(12, 4)), 1, 3, 4), "tokens", "[B, F·h·w, 4·C]", "got [12, 4]"),
        new(static pass => Unpatchify.Forward(pass, pass.Zeros(new(1, 12, 4)), 1, 3, 5), "tokens [1, 12, 4]", "1 x 3 x 5", "got 12"),
        new(static pass => Unpatchify.Forward(pass, pass.Zeros(new(1, 12, 6)), 1, 3, 4), "tokens [1, 12, 6]", "multiple of 4", "got 6"),
        new(static pass => Unpatchify.Forward(pass, pass.Zeros(new(1, 12, 4)), -1, -3, 4), "frames, height and width", "got -1, -3 and 4"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("tokens", new Shape(size.Batch, size.Frames * size.Height * size.Width, 4 * size.Channels), InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Unpatchify.Forward(pass, inputs[0], size.Frames, size.Height, size.Width);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (int batch, int channels, int frames, int height, int width) = (size.Batch, size.Channels, size.Frames, size.Height, size.Width);
        Numbers<T> y = new(batch, channels, frames, 2 * height, 2 * width);
        for (int b = 0; b < batch; b++)
        {
            for (int token = 0; token < frames * height * width; token++)
            {
                (int f, int h, int w) = (token / (height * width), token / width % height, token % width);
                for (int c = 0; c < 4 * channels; c++)
                {
                    (int dy, int dx, int channel) = (c / channels / 2, c / channels % 2, c % channels);
                    y[b, channel, f, (2 * h) + dy, (2 * w) + dx] = inputs[0][b, token, c];
                }
            }
        }

        return y;
    }
}
