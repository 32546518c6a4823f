using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="ToFrames"/>.</summary>
public sealed class ToFramesCase : OpCase<ToFramesCase.Size>
{
    /// <summary>Sizes.</summary>
    public readonly record struct Size(int Frames, int Height, int Width);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes => [new(1, 1, 1), new(2, 3, 5), new(0, 2, 2), new(3, 24, 32), new(12, 480, 832)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals => [];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [new("x", new Shape(size.Frames, size.Height, size.Width, 3), Low: -1.5, High: 1.5)];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => ToFrames.Forward(pass, inputs[0]);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => DType.U8;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        T half = T.CreateChecked(0.5);
        return new Numbers<T>(inputs[0].Shape, Array.ConvertAll(inputs[0].Values, x => T.Truncate(T.CreateChecked(255) * T.Clamp((half * x) + half, T.Zero, T.One))));
    }
}
