using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Rope"/>.</summary>
public sealed class RopeCase : OpCase<RopeCase.Size>
{
    /// <summary>Sizes, positions, and tokens past the grid.</summary>
    public readonly record struct Size(int Batch, RopeGrid Grid, int Padding, int Heads, int Width);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, new(1, 1, 1), 0, 1, 2), new(2, new(2, 3, 2), 3, 3, 6), new(1, new(3, 2, 5, 17), 0, 1, 14), new(0, new(1, 2, 2), 0, 2, 8),
        new(1, new(0, 3, 4), 2, 2, 8), new(1, new(2, 1, 3), 1, 0, 8),
        new(2, new(2, 3, 4, 5), 1, 2, 128), new(1, new(2, 2, 2, 5000), 0, 1, 12), new(1, new(3, 30, 52, 18), 0, 12, 128),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Rope.Forward(pass, pass.Zeros(new(6, 2, 8)), new(1, 2, 3)), "x", "[B, L, N, D]", "got [6, 2, 8]"),
        new(static pass => Rope.Forward(pass, pass.Zeros(new(1, 6, 2, 7)), new(1, 2, 3)), "even", "got x [1, 6, 2, 7]"),
        new(static pass => Rope.Forward(pass, pass.Zeros(new(1, 6, 2, 8)), new(1, 2, 4)), "8 positions", "x [1, 6, 2, 8]", "6 tokens"),
        new(static pass => Rope.Forward(pass, pass.Zeros(new(1, 6, 2, 8)), new(1, 2, 3, -1)), "negative", "StartFrame = -1"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Batch, size.Grid.Tokens + size.Padding, size.Heads, size.Width))];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Rope.Forward(pass, inputs[0], size.Grid);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int tokens = size.Grid.Tokens + size.Padding;
        (Numbers<T> x, Numbers<T> y) = (inputs[0], new(size.Batch, tokens, size.Heads, size.Width));
        for (int b = 0; b < size.Batch; b++)
        {
            for (int l = 0; l < tokens; l++)
            {
                for (int n = 0; n < size.Heads; n++)
                {
                    for (int d = 0; d < size.Width; d += 2)
                    {
                        // Angles are double in the op too: that is its contract, not an error to be budgeted for.
                        (double sin, double cos) = l < size.Grid.Tokens ? Math.SinCos(Angle(size, l, d)) : (0, 1);
                        (T s, T c) = (T.CreateChecked(sin), T.CreateChecked(cos));
                        y[b, l, n, d] = (x[b, l, n, d] * c) - (x[b, l, n, d + 1] * s);
                        y[b, l, n, d + 1] = (x[b, l, n, d + 1] * c) + (x[b, l, n, d] * s);
                    }
                }
            }
        }

        return y;
    }

    private static double Angle(Size size, int token, int channel)
    {
        RopeGrid grid = size.Grid;
        int plane = 2 * (size.Width / 6);
        int time = size.Width - (2 * plane);
        (long position, int within, int width) = channel < time ? (grid.StartFrame + (token / grid.TokensPerFrame), channel, time)
            : channel < time + plane ? (token / grid.Width % grid.Height, channel - time, plane)
            : (token % grid.Width, channel - time - plane, plane);
        return position * Math.Pow(10000, -(double)within / width);
    }
}
