using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="CausalConv3d"/>.</summary>
public sealed class CausalConv3dCase : OpCase<CausalConv3dCase.Size>
{
    /// <summary>Input <c>[B, T, H, W, C]</c>, weight <c>[O, C, kT, kH, kW]</c>, frames before the first one, and steps.</summary>
    public readonly record struct Size(Shape X, Shape Weight, int History = 0, int PadFrames = 2, int FrameStride = 1, bool Bias = true)
    {
        /// <summary>Frames of the result.</summary>
        public int OutFrames => ((X[1] + PadFrames - Weight[2]) / FrameStride) + 1;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(new(1, 1, 1, 1, 1), new(1, 1, 1, 1, 1), PadFrames: 0), new(new(2, 3, 3, 5, 5), new(6, 5, 3, 3, 3), History: 1),
        new(new(0, 2, 3, 3, 4), new(3, 4, 3, 3, 3)), new(new(1, 2, 0, 3, 4), new(3, 4, 3, 3, 3)),
        new(new(1, 0, 3, 3, 4), new(3, 4, 3, 3, 3), History: 1, PadFrames: 2 + 1),
        new(new(1, 5, 2, 3, 6), new(7, 6, 3, 1, 1), History: 1, PadFrames: 1, FrameStride: 2, Bias: false),
        new(new(1, 1, 4, 3, 3), new(19, 3, 1, 5, 3), PadFrames: 0),
        new(new(1, 2, 3, 3, 96), new(24, 96, 3, 3, 3), History: 2), new(new(2, 2, 9, 18, 24), new(12, 24, 3, 3, 3), History: 1),
        new(new(1, 1, 4, 8, 32), new(96, 32, 3, 3, 3)), new(new(1, 1, 4, 8, 64), new(192, 64, 1, 1, 1), PadFrames: 0),
        new(new(1, 3, 4, 17, 64), new(40, 64, 3, 1, 1), History: 1, PadFrames: 1, FrameStride: 2, Bias: false), new(new(1, 4, 240, 416, 96), new(96, 96, 3, 3, 3), History: 2),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(2, 3, 3, 4), new(5, 4, 3, 3, 3)), "x", "[B, T, H, W, C]", "got [2, 3, 3, 4]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3)), "weight", "[O, C, kT, kH, kW]", "got [5, 4, 3, 3]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 6, 3, 3, 3)), "weight", "[O, 4, kT, kH, kW]", "got [5, 6, 3, 3, 3]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 2, 3)), "weight", "odd", "got [5, 4, 3, 2, 3]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(0, 4, 3, 3, 3)), "weight", "empty", "got [0, 4, 3, 3, 3]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), bias: new(4)), "bias", "[5]", "got [4]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), history: new(1, 3, 3, 3, 4)), "history", "at most 2 frames", "got 3"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), history: new(1, 2, 3, 2, 4)), "history", "[1, 2, 3, 3, 4]", "got [1, 2, 3, 2, 4]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), history: new(4)), "history", "got [4]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), padFrames: 0), "x", "at least 3 frames", "got [1, 2, 3, 3, 4]"),
        new(static pass => Call(pass, new(1, 2, 3, 3, 4), new(5, 4, 3, 3, 3), frameStride: 0), "frameStride", "at least 1", "2 and 0"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        List<CaseInput> inputs = [new("x", size.X), new("weight", size.Weight, InputKind.Weight)];
        if (size.Bias)
        {
            inputs.Add(new("bias", new Shape(size.Weight[0]), InputKind.Weight));
        }

        if (size.History > 0)
        {
            inputs.Add(new("history", size.X.With(1, size.History)));
        }

        return inputs;
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) =>
        CausalConv3d.Forward(pass, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.History > 0 ? inputs[^1] : null, size.PadFrames, size.FrameStride);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.X[0], size.OutFrames, size.X[2], size.X[3], size.Weight[0]);
        for (int b = 0; b < y.Shape[0]; b++)
        {
            for (int t = 0; t < y.Shape[1]; t++)
            {
                for (int h = 0; h < y.Shape[2]; h++)
                {
                    for (int w = 0; w < y.Shape[3]; w++)
                    {
                        for (int o = 0; o < y.Shape[4]; o++)
                        {
                            T sum = Sum(size, inputs, b, t, h, w, o);
                            y[b, t, h, w, o] = size.Bias ? sum + inputs[2][o] : sum;
                        }
                    }
                }
            }
        }

        return y;
    }

    internal override Tensor RunOn(SimdPath path, Pass pass, Size size, Tensor[] inputs)
    {
        Tensor y = pass.New(size.X.With(1, size.OutFrames).With(4, size.Weight[0]), inputs[0].DType);
        if (y.Count > 0)
        {
            CausalConv3d.ForwardCpu(
                (CpuDevice)pass.Device, path, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.History > 0 ? inputs[^1] : null, size.PadFrames, size.FrameStride, y);
        }

        return y;
    }

    private static T Sum<T>(Size size, Numbers<T>[] inputs, int b, int t, int h, int w, int o)
        where T : IFloatingPointIeee754<T>
    {
        (Shape x, Shape weight) = (size.X, size.Weight);
        T sum = T.Zero;
        for (int kt = 0; kt < weight[2]; kt++)
        {
            // Frame 0 is the first of x; the newest frame of the history is -1, and older than the oldest there are zeros.
            int frame = (t * size.FrameStride) + kt - size.PadFrames;
            if (frame < -size.History)
            {
                continue;
            }

            for (int kh = 0; kh < weight[3]; kh++)
            {
                for (int kw = 0; kw < weight[4]; kw++)
                {
                    (int line, int column) = (h + kh - (weight[3] / 2), w + kw - (weight[4] / 2));
                    for (int c = 0; c < weight[1] && line >= 0 && line < x[2] && column >= 0 && column < x[3]; c++)
                    {
                        T value = frame < 0 ? inputs[^1][b, size.History + frame, line, column, c] : inputs[0][b, frame, line, column, c];
                        sum += value * inputs[1][o, c, kt, kh, kw];
                    }
                }
            }
        }

        return sum;
    }

    private static Tensor Call(Pass pass, Shape x, Shape weight, Shape? bias = null, Shape? history = null, int padFrames = 2, int frameStride = 1) => CausalConv3d.Forward(
        pass, pass.Zeros(x), pass.Zeros(weight), bias is Shape b ? pass.Zeros(b) : null, history is Shape h ? pass.Zeros(h) : null, padFrames, frameStride);
}
