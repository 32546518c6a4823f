using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Embedding"/>.</summary>
public sealed class EmbeddingCase : OpCase<EmbeddingCase.Size>
{
    /// <summary>Sizes, and the type of the result.</summary>
    public readonly record struct Size(int Rows, int Channels, int Batch, int Ids, DType Result);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 1, DType.F32), new(5, 7, 2, 3, DType.F32), new(5, 7, 2, 3, DType.BF16), new(5, 8, 0, 3, DType.F32), new(5, 0, 2, 3, DType.F32),
        new(40, 33, 1, 17, DType.BF16),
        new(90, 4096, 1, 6, DType.F32), new(20_000, 4096, 1, 512, DType.F32),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Embedding.Forward(pass, pass.Zeros(new(3)), pass.Zeros(new(2), DType.I32)), "table", "[V, C]", "got [3]"),
        new(static pass => Embedding.Forward(pass, pass.Zeros(new(3, 4)), pass.From<int>(new(2), [0, 3])), "ids", "table [3, 4]", "got 3"),
        new(static pass => Embedding.Forward(pass, pass.Zeros(new(3, 4)), pass.From<int>(new(2), [-1, 0])), "ids", "table [3, 4]", "got -1"),
        new(static pass => Embedding.Forward(pass, pass.Zeros(new(3, 4)), pass.Zeros(new(2), DType.I32), DType.F16), "F32 or BF16", "got F16"),
        new(static pass => Embedding.Forward(pass, pass.Zeros(new(3, 4)), pass.Zeros(new(1, 1, 1, 1, 1, 1, 1, 1), DType.I32)), "ids", "fewer than 8", "got [1, 1, 1, 1, 1, 1, 1, 1]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) =>
    [
        new("table", new Shape(size.Rows, size.Channels), InputKind.Weight), new("ids", new Shape(size.Batch, size.Ids), InputKind.Index, 0, size.Rows),
    ];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Embedding.Forward(pass, inputs[0], inputs[1], size.Result);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => size.Result;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Batch, size.Ids, size.Channels);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int i = 0; i < size.Ids; i++)
            {
                for (int c = 0; c < size.Channels; c++)
                {
                    y[b, i, c] = inputs[0][int.CreateChecked(inputs[1][b, i]), c];
                }
            }
        }

        return y;
    }
}
