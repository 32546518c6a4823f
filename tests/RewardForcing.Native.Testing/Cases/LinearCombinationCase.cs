using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="LinearCombination"/>.</summary>
public sealed class LinearCombinationCase : OpCase<LinearCombinationCase.Size>
{
    /// <summary>Number of terms, elements of each, and type of the result.</summary>
    public readonly record struct Size(int Terms, int Count, DType Result);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, DType.F32), new(3, 37, DType.F32), new(3, 37, DType.BF16), new(2, 0, DType.F32), new(5, 9001, DType.F32), new(4, 9001, DType.BF16),
        new(4, 16 * 21 * 60 * 104, DType.F32),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => LinearCombination.Forward(pass, DType.F32), "at least one term", "got none"),
        new(static pass => LinearCombination.Forward(pass, DType.F16, (1, pass.Zeros(new(3)))), "F32 or BF16", "got F16"),
        new(static pass => LinearCombination.Forward(pass, DType.F32, (1, pass.Zeros(new(3))), (1, pass.Zeros(new(4)))), "term", "[3]", "got [4]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [.. Enumerable.Range(0, size.Terms).Select(i => new CaseInput("term", new Shape(size.Count), InputKind.Operand))];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) =>
        LinearCombination.Forward(pass, size.Result, [.. inputs.Select(static (term, i) => (Factor(i), term))]);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => size.Result;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Count);
        for (int i = 0; i < size.Count; i++)
        {
            for (int term = 0; term < size.Terms; term++)
            {
                y[i] += T.CreateChecked(Factor(term)) * inputs[term][i];
            }
        }

        return y;
    }

    private static double Factor(int term) => ((term * 37 % 11) - 4.3) / 3;
}
