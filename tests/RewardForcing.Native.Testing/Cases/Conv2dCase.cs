using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Conv2d"/>.</summary>
public sealed class Conv2dCase : OpCase<Conv2dCase.Size>
{
    /// <summary>Input <c>[N, H, W, C]</c>, weight <c>[O, C, kH, kW]</c>, step and padding.</summary>
    public readonly record struct Size(Shape X, Shape Weight, Conv2dPlan Plan, bool Bias = true)
    {
        /// <summary>Rows of the result.</summary>
        public int OutHeight => ((X[1] + Plan.Top + Plan.Bottom - Weight[2]) / Plan.Stride) + 1;

        /// <summary>Columns of the result.</summary>
        public int OutWidth => ((X[2] + Plan.Left + Plan.Right - Weight[3]) / Plan.Stride) + 1;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(new(1, 1, 1, 1), new(1, 1, 1, 1), Conv2dPlan.Same(0)), new(new(3, 4, 5, 7), new(6, 7, 3, 3), Conv2dPlan.Same(1)),
        new(new(0, 4, 4, 3), new(5, 3, 3, 3), Conv2dPlan.Same(1)),
        new(new(2, 5, 6, 9), new(19, 9, 3, 3), new(2, 0, 1, 0, 1), Bias: false), new(new(1, 6, 5, 4), new(5, 4, 2, 4), new(1, 2, 0, 0, 1)),
        new(new(1, 8, 8, 3), new(17, 3, 4, 4), new(4, 0, 0, 0, 0)),
        new(new(1, 4, 5, 192), new(20, 192, 3, 3), Conv2dPlan.Same(1)), new(new(4, 120, 208, 384), new(192, 384, 3, 3), Conv2dPlan.Same(1)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(3, 4), new(5, 4, 3, 3), Conv2dPlan.Same(1)), "x", "[..., H, W, C]", "got [3, 4]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3), Conv2dPlan.Same(1)), "weight", "[O, C, kH, kW]", "got [5, 4, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 6, 3, 3), Conv2dPlan.Same(1)), "weight", "[O, 4, kH, kW]", "got [5, 6, 3, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 0, 3), Conv2dPlan.Same(1)), "weight", "empty", "got [5, 4, 0, 3]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3, 3), Conv2dPlan.Same(1), new(4)), "bias", "[5]", "got [4]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 5, 3), Conv2dPlan.Same(0)), "x", "[5, 4, 5, 3]", "got [1, 3, 3, 4]"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3, 3), new(0, 1, 1, 1, 1)), "step", "at least 1", "Stride = 0"),
        new(static pass => Call(pass, new(1, 3, 3, 4), new(5, 4, 3, 3), new(1, -1, 1, 1, 1)), "padding", "at least 0", "Top = -1"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        CaseInput x = new("x", size.X);
        CaseInput weight = new("weight", size.Weight, InputKind.Weight);
        return size.Bias ? [x, weight, new("bias", new Shape(size.Weight[0]), InputKind.Weight)] : [x, weight];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Conv2d.Forward(pass, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.Plan);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.X[0], size.OutHeight, size.OutWidth, size.Weight[0]);
        for (int n = 0; n < y.Shape[0]; n++)
        {
            for (int h = 0; h < y.Shape[1]; h++)
            {
                for (int w = 0; w < y.Shape[2]; w++)
                {
                    for (int o = 0; o < y.Shape[3]; o++)
                    {
                        T sum = Sum(size, inputs, n, h, w, o);
                        y[n, h, w, o] = size.Bias ? sum + inputs[2][o] : sum;
                    }
                }
            }
        }

        return y;
    }

    internal override Tensor RunOn(SimdPath path, Pass pass, Size size, Tensor[] inputs)
    {
        Tensor y = pass.New(new Shape(size.X[0], size.OutHeight, size.OutWidth, size.Weight[0]), inputs[0].DType);
        if (y.Count > 0)
        {
            Conv2d.ForwardCpu((CpuDevice)pass.Device, path, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.Plan, y);
        }

        return y;
    }

    private static T Sum<T>(Size size, Numbers<T>[] inputs, int n, int h, int w, int o)
        where T : IFloatingPointIeee754<T>
    {
        T sum = T.Zero;
        for (int kh = 0; kh < size.Weight[2]; kh++)
        {
            for (int kw = 0; kw < size.Weight[3]; kw++)
            {
                (int line, int column) = ((h * size.Plan.Stride) + kh - size.Plan.Top, (w * size.Plan.Stride) + kw - size.Plan.Left);
                for (int c = 0; c < size.X[3] && line >= 0 && line < size.X[1] && column >= 0 && column < size.X[2]; c++)
                {
                    sum += inputs[0][n, line, column, c] * inputs[1][o, c, kh, kw];
                }
            }
        }

        return sum;
    }

    private static Tensor Call(Pass pass, Shape x, Shape weight, Conv2dPlan plan, Shape? bias = null) =>
        Conv2d.Forward(pass, pass.Zeros(x), pass.Zeros(weight), bias is Shape b ? pass.Zeros(b) : null, plan);
}
