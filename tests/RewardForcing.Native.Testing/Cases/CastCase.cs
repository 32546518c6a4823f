using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Cast"/>.</summary>
public sealed class CastCase : OpCase<CastCase.Size>
{
    /// <summary>Number of elements, type of the result and how far the inputs are from zero.</summary>
    public readonly record struct Size(int Count, DType Result, double Largest);

    private static IEnumerable<DType> Floats => Enum.GetValues<DType>().Where(static type => type.IsFloat());

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        .. from type in Floats from count in (int[])[1, 37, 0, 5000] select new Size(count, type, count == 37 ? 1e-3 : 300),
        new(1560 * 1536, DType.BF16, 1),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [new(static pass => Cast.Forward(pass, pass.Zeros(new Shape(3)), DType.I32), "float type", "got I32")];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Count), InputKind.Weight, -size.Largest, size.Largest)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Cast.Forward(pass, inputs[0], size.Result);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => size.Result;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round) => inputs[0];
}
