using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Unary"/>.</summary>
public sealed class UnaryCase : OpCase<UnaryCase.Size>
{
    /// <summary>Sizes and settings.</summary>
    public readonly record struct Size(int Count, Activation Activation);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        .. from activation in Enum.GetValues<Activation>() from count in (int[])[1, 37, 0, 8960] select new Size(count, activation),
        new(1560 * 8960, Activation.GeluTanh),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Unary.Forward(pass, pass.Zeros(new Shape(3)), (Activation)77), "activation", "got 77"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Count), Low: -9, High: 9)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Unary.Forward(pass, inputs[0], size.Activation);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round) =>
        new(inputs[0].Shape, Array.ConvertAll(inputs[0].Values, x => ActivationFormula.Of(size.Activation, x)));
}
