using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="UpsampleConv2d"/>.</summary>
public sealed class UpsampleConv2dCase : OpCase<UpsampleConv2dCase.Size>
{
    /// <summary>Input <c>[N, H, W, C]</c> and weight <c>[O, C, kH, kW]</c>.</summary>
    public readonly record struct Size(Shape X, Shape Weight, bool Bias = true);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(new(1, 1, 1, 1), new(1, 1, 1, 1)), new(new(2, 3, 2, 7), new(5, 7, 3, 3)), new(new(0, 3, 2, 4), new(5, 4, 3, 3)), new(new(1, 0, 2, 4), new(5, 4, 3, 3)),
        new(new(1, 2, 3, 8), new(20, 8, 3, 3), Bias: false), new(new(1, 3, 2, 3), new(4, 3, 1, 5)),
        new(new(1, 2, 3, 192), new(16, 192, 3, 3)), new(new(4, 60, 104, 384), new(192, 384, 3, 3)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(3, 3, 4), new(5, 4, 3, 3)), "x", "[N, H, W, C]", "got [3, 3, 4]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3)), "weight", "[O, C, kH, kW]", "got [5, 4, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 6, 3, 3)), "weight", "[O, 4, kH, kW]", "got [5, 6, 3, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 0, 3)), "weight", "empty", "got [5, 4, 0, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 2, 3)), "weight", "odd", "got [5, 4, 2, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3, 3), new(4)), "bias", "[5]", "got [4]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        CaseInput x = new("x", size.X);
        CaseInput weight = new("weight", size.Weight, InputKind.Weight);
        return size.Bias ? [x, weight, new("bias", new Shape(size.Weight[0]), InputKind.Weight)] : [x, weight];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => UpsampleConv2d.Forward(pass, inputs[0], inputs[1], size.Bias ? inputs[2] : null);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.X[0], 2 * size.X[1], 2 * size.X[2], size.Weight[0]);
        for (int n = 0; n < y.Shape[0]; n++)
        {
            for (int h = 0; h < y.Shape[1]; h++)
            {
                for (int w = 0; w < y.Shape[2]; w++)
                {
                    for (int o = 0; o < y.Shape[3]; o++)
                    {
                        T sum = size.Bias ? inputs[2][o] : T.Zero;
                        for (int kh = 0; kh < size.Weight[2]; kh++)
                        {
                            for (int kw = 0; kw < size.Weight[3]; kw++)
                            {
                                (int line, int column) = (h + kh - (size.Weight[2] / 2), w + kw - (size.Weight[3] / 2));
                                for (int c = 0; c < size.X[3] && line >= 0 && line < y.Shape[1] && column >= 0 && column < y.Shape[2]; c++)
                                {
                                    sum += inputs[0][n, line / 2, column / 2, c] * inputs[1][o, c, kh, kw];
                                }
                            }
                        }

                        y[n, h, w, o] = sum;
                    }
                }
            }
        }

        return y;
    }

    internal override Tensor RunOn(SimdPath path, Pass pass, Size size, Tensor[] inputs)
    {
        Tensor y = pass.New(new Shape(size.X[0], 2 * size.X[1], 2 * size.X[2], size.Weight[0]), inputs[0].DType);
        UpsampleConv2d.ForwardCpu((CpuDevice)pass.Device, path, inputs[0], inputs[1], size.Bias ? inputs[2] : null, y);
        return y;
    }

    private static Tensor Call(Pass pass, Shape x, Shape weight, Shape? bias = null) =>
        UpsampleConv2d.Forward(pass, pass.Zeros(x), pass.Zeros(weight), bias is Shape b ? pass.Zeros(b) : null);
}
