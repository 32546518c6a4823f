using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Concat"/>.</summary>
public sealed class ConcatCase : OpCase<ConcatCase.Size>
{
    /// <summary>Extents before and after the joined dimension, and the extents of three parts.</summary>
    public readonly record struct Size(int Outer, int First, int Second, int Third, int Inner);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 1, 1), new(3, 2, 5, 1, 7), new(2, 0, 3, 0, 5), new(0, 2, 3, 1, 4), new(2, 2, 3, 1, 0), new(1, 3, 4, 5, 1536),
        new(1, 1560, 1560, 1560, 1536),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Concat.Forward(pass, 0), "at least one part", "got none"),
        new(static pass => Concat.Forward(pass, 2, pass.Zeros(new(3, 4))), "dimension", "[3, 4]", "got 2"),
        new(static pass => Concat.Forward(pass, 0, pass.Zeros(new(3, 4)), pass.Zeros(new(3, 5))), "parts", "[3, 4]", "got [3, 5]"),
        new(static pass => Concat.Forward(pass, 0, pass.Zeros(new(3, 4)), pass.Zeros(new(4))), "parts", "[3, 4]", "got [4]"),
        new(static pass => Concat.Forward(pass, 0, pass.Zeros(new(3, 4)), pass.Zeros(new(3, 4), DType.BF16)), "parts", "F32", "got BF16"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
        [.. from extent in (int[])[size.First, size.Second, size.Third] select new CaseInput("parts", new Shape(size.Outer, extent, size.Inner), InputKind.Any)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Concat.Forward(pass, 1, inputs);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Outer, size.First + size.Second + size.Third, size.Inner);
        int before = 0;
        foreach (Numbers<T> part in inputs)
        {
            for (int o = 0; o < size.Outer; o++)
            {
                for (int e = 0; e < part.Shape[1]; e++)
                {
                    for (int i = 0; i < size.Inner; i++)
                    {
                        y[o, before + e, i] = part[o, e, i];
                    }
                }
            }

            before += part.Shape[1];
        }

        return y;
    }
}
