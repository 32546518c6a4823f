using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Sinusoid"/>.</summary>
public sealed class SinusoidCase : OpCase<SinusoidCase.Size>
{
    /// <summary>Number of timesteps, width of the embedding and type of the result.</summary>
    public readonly record struct Size(int Timesteps, int Width, DType Result);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
        [new(1, 2, DType.F32), new(5, 14, DType.F32), new(5, 14, DType.BF16), new(0, 8, DType.F32), new(7, 256, DType.F32), new(7, 256, DType.BF16), new(21, 256, DType.F32)];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Sinusoid.Forward(pass, [1f], 7), "dim", "even", "got 7"),
        new(static pass => Sinusoid.Forward(pass, [1f], 0), "dim", "positive", "got 0"),
        new(static pass => Sinusoid.Forward(pass, [1f], 8, DType.F16), "F32 or BF16", "got F16"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [];

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Sinusoid.Forward(pass, [.. Enumerable.Range(0, size.Timesteps).Select(Timestep)], size.Width, size.Result);

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => size.Result;

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        int half = size.Width / 2;
        Numbers<T> y = new(size.Timesteps, size.Width);
        for (int row = 0; row < size.Timesteps; row++)
        {
            for (int j = 0; j < half; j++)
            {
                T angle = T.CreateChecked(Timestep(row)) * T.Pow(T.CreateChecked(10000), -T.CreateChecked(j) / T.CreateChecked(half));
                (y[row, j], y[row, half + j]) = (T.Cos(angle), T.Sin(angle));
            }
        }

        return y;
    }

    private static float Timestep(int row) => row * 142.75f;
}
