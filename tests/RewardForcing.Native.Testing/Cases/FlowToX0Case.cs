using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="FlowToX0"/>.</summary>
public sealed class FlowToX0Case : OpCase<FlowToX0Case.Size>
{
    /// <summary>Entries with a noise level each, and elements of an entry.</summary>
    public readonly record struct Size(int Entries, int Elements);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 1), new(3, 7), new(0, 8), new(4, 0), new(5, 333), new(3, 16 * 200), new(3, 16 * 60 * 104)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => FlowToX0.Forward(pass, pass.Zeros(new(3, 4)), pass.Zeros(new(4, 3)), [0f, 0f, 0f]), "noisy", "[3, 4]", "got [4, 3]"),
        new(static pass => FlowToX0.Forward(pass, pass.Zeros(new(3, 4)), pass.Zeros(new(3, 4)), [0f, 0f]), "sigmas", "3", "got 2"),
        new(static pass => FlowToX0.Forward(pass, pass.Zeros(new()), pass.Zeros(new()), []), "flow", "[R, ...]", "got []"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [new("flow", new Shape(size.Entries, size.Elements)), new("noisy", new Shape(size.Entries, size.Elements), InputKind.Operand, -4, 4)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => FlowToX0.Forward(pass, inputs[0], inputs[1], [.. Enumerable.Range(0, size.Entries).Select(Sigma)]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Entries, size.Elements);
        for (int r = 0; r < size.Entries; r++)
        {
            T sigma = T.CreateChecked(Sigma(r));
            for (int i = 0; i < size.Elements; i++)
            {
                y[r, i] = inputs[1][r, i] - (sigma * inputs[0][r, i]);
            }
        }

        return y;
    }

    private static float Sigma(int entry) => (7 - entry) / 7f;
}
