using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Reduce"/>.</summary>
public sealed class ReduceCase : OpCase<ReduceCase.Size>
{
    /// <summary>Number of elements, and whether the mean or the sum is taken.</summary>
    public readonly record struct Size(int Count, bool Mean);

    /// <inheritdoc/>
    public override IReadOnlyList<string> MessageNames => ["mean", "sum"];

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, true), new(1, false), new(37, true), new(37, false), new(0, true), new(0, false), new(100_003, true), new(100_003, false), new(1560 * 1536, true)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Count), Low: -1, High: 3)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => size.Mean ? Reduce.Mean(pass, inputs[0]) : Reduce.Sum(pass, inputs[0]);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => DType.F32;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        T sum = T.Zero;
        foreach (T x in inputs[0].Values)
        {
            sum += x;
        }

        return new Numbers<T>(new Shape(), [size.Mean ? sum / T.CreateChecked(size.Count) : sum]);
    }
}
