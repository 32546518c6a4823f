using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="RmsNormRope"/>.</summary>
public sealed class RmsNormRopeCase : OpCase<RmsNormRopeCase.Size>
{
    private const float Eps = 1e-6f;

    /// <summary>Sizes; <c>Into</c> writes to memory that is there already.</summary>
    public readonly record struct Size(int Batch, RopeGrid Grid, int Padding, int Heads, int Width, bool Into = false);

    /// <inheritdoc/>
    public override IReadOnlyList<string> MessageNames => [Name, "rms_norm"];

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, new(1, 1, 1), 0, 1, 2), new(2, new(2, 3, 2), 3, 3, 6), new(1, new(3, 2, 5, 17), 0, 1, 14, Into: true), new(0, new(1, 2, 2), 0, 2, 8),
        new(1, new(0, 3, 4), 2, 2, 8), new(1, new(2, 3, 4, 5), 1, 5, 128), new(1, new(3, 30, 52, 18), 0, 12, 128),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(6, 8), new(8), 2, new(1, 2, 3)), "x", "[B, L, N·D]", "got [6, 8]"),
        new(static pass => Call(pass, new(1, 6, 8), new(7), 2, new(1, 2, 3)), "weight", "[8]", "got [7]"),
        new(static pass => Call(pass, new(1, 6, 9), new(9), 3, new(1, 2, 3)), "9 channels", "even width"),
        new(static pass => Call(pass, new(1, 6, 8), new(8), 2, new(1, 2, 4)), "8 positions", "6 tokens"),
        new(static pass => Call(pass, new(1, 6, 8), new(8), 2, new(1, 2, 3, -1)), "negative", "StartFrame = -1"),
        new(static pass => Call(pass, new(1, 6, 8), new(8), 2, new(1, 2, 3), new Shape(1, 6, 8)), "target", "[1, 6, 2, 4]", "got [1, 6, 8]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        int channels = size.Heads * size.Width;
        return [new("x", new Shape(size.Batch, size.Grid.Tokens + size.Padding, channels)), new("weight", new Shape(channels), InputKind.Weight)];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs)
    {
        Tensor? target = size.Into ? pass.New(new Shape(size.Batch, inputs[0].Shape[1], size.Heads, size.Width), inputs[0].DType) : null;
        return RmsNormRope.Forward(pass, inputs[0], inputs[1], Eps, size.Heads, size.Grid, target);
    }

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (int tokens, int channels) = (size.Grid.Tokens + size.Padding, size.Heads * size.Width);
        Numbers<T> normed = new(size.Batch, tokens, size.Heads, size.Width);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int l = 0; l < tokens; l++)
            {
                T sum = T.Zero;
                for (int c = 0; c < channels; c++)
                {
                    sum += inputs[0][b, l, c] * inputs[0][b, l, c];
                }

                T inverse = T.One / T.Sqrt((sum / T.CreateChecked(channels)) + T.CreateChecked(Eps));
                for (int c = 0; c < channels; c++)
                {
                    normed[b, l, c / size.Width, c % size.Width] = round(round(inputs[0][b, l, c] * inverse) * inputs[1][c]);
                }
            }
        }

        RopeCase.Size rotation = new(size.Batch, size.Grid, size.Padding, size.Heads, size.Width);
        return new RopeCase().Reference(rotation, [normed], round);
    }

    private static Tensor Call(Pass pass, Shape x, Shape weight, int heads, RopeGrid grid, Shape? target = null) =>
        RmsNormRope.Forward(pass, pass.Zeros(x), pass.Zeros(weight), Eps, heads, grid, target is Shape t ? pass.Zeros(t) : null);
}
