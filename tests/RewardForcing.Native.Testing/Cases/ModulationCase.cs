using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Modulation"/>.</summary>
public sealed class ModulationCase : OpCase<ModulationCase.Size>
{
    /// <summary>Sizes, and whether the time embedding has one row for all kinds.</summary>
    public readonly record struct Size(int Batch, int Frames, int Kinds, int Channels, bool Shared);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 1, true), new(2, 3, 6, 7, false), new(2, 3, 2, 7, true), new(0, 3, 6, 8, false), new(1, 0, 2, 8, true), new(2, 2, 6, 33, false),
        new(1, 3, 6, 1536, false),
        new(1, 21, 6, 1536, false),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(2, 6, 4), new(1, 3, 6, 4)), "table", "[1, K, C]", "got [2, 6, 4]"),
        new(static pass => Call(pass, new(6, 4), new(1, 3, 6, 4)), "table", "[1, K, C]", "got [6, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 3, 2, 4)), "e must be", "[B, F, 6, 4]", "got [1, 3, 2, 4]"),
        new(static pass => Call(pass, new(1, 6, 4), new(1, 3, 5)), "e must be", "[B, F, 4]", "got [1, 3, 5]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
    [
        new("table", new Shape(1, size.Kinds, size.Channels), InputKind.Weight),
        new("e", size.Shared ? new Shape(size.Batch, size.Frames, size.Channels) : new Shape(size.Batch, size.Frames, size.Kinds, size.Channels)),
    ];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Modulation.Forward(pass, inputs[0], inputs[1]);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (Numbers<T> table, Numbers<T> e, Numbers<T> m) = (inputs[0], inputs[1], new(size.Kinds, size.Batch, size.Frames, size.Channels));
        for (int k = 0; k < size.Kinds; k++)
        {
            for (int b = 0; b < size.Batch; b++)
            {
                for (int f = 0; f < size.Frames; f++)
                {
                    for (int c = 0; c < size.Channels; c++)
                    {
                        m[k, b, f, c] = table[0, k, c] + (size.Shared ? e[b, f, c] : e[b, f, k, c]);
                    }
                }
            }
        }

        return m;
    }

    private static Tensor Call(Pass pass, Shape table, Shape e) => Modulation.Forward(pass, pass.Zeros(table), pass.Zeros(e));
}
