using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Linear"/>.</summary>
public sealed class LinearCase : OpCase<LinearCase.Size>
{
    /// <summary>Sizes, and what follows the product.</summary>
    public readonly record struct Size(int Rows, int Inputs, int Outputs, bool Bias = true, Activation Activation = Activation.None);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1), new(3, 7, 5, Bias: false), new(0, 8, 4), new(9, 33, 17), .. Enum.GetValues<Activation>().Select(static function => new Size(5, 40, 37, true, function)),
        new(7, 1536, 20), new(18, 257, 100, Bias: false), new(2, 2305, 9), new(130, 72, 136, true, Activation.GeluTanh), new(1560, 1536, 8960, true, Activation.GeluTanh),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Linear.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(5, 6))), "weight", "[O, 7]", "got [5, 6]"),
        new(static pass => Linear.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(7))), "weight", "[O, I]", "got [7]"),
        new(static pass => Linear.Forward(pass, pass.Zeros(new()), pass.Zeros(new(5, 1))), "x", "[..., I]", "got []"),
        new(static pass => Linear.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(5, 7)), pass.Zeros(new(7))), "bias", "[5]", "got [7]"),
        new(static pass => Linear.Forward(pass, pass.Zeros(new(3, 0)), pass.Zeros(new(5, 0))), "at least one channel", "got [3, 0] and [5, 0]"),
        new(static pass => Linear.Forward(pass, pass.Zeros(new(3, 7)), pass.Zeros(new(5, 7)), null, (Activation)77), "activation", "got 77"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        CaseInput x = new("x", new Shape(size.Rows, size.Inputs));
        CaseInput weight = new("weight", new Shape(size.Outputs, size.Inputs), InputKind.Weight);
        return size.Bias ? [x, weight, new("bias", new Shape(size.Outputs), InputKind.Weight)] : [x, weight];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => Linear.Forward(pass, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.Activation);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        (Numbers<T> x, Numbers<T> weight, Numbers<T> y) = (inputs[0], inputs[1], new(size.Rows, size.Outputs));
        for (int r = 0; r < size.Rows; r++)
        {
            for (int o = 0; o < size.Outputs; o++)
            {
                T sum = T.Zero;
                for (int i = 0; i < size.Inputs; i++)
                {
                    sum += x[r, i] * weight[o, i];
                }

                sum = size.Bias ? sum + inputs[2][o] : sum;
                y[r, o] = size.Activation == Activation.None ? sum : ActivationFormula.Of(size.Activation, round(sum));
            }
        }

        return y;
    }

    internal override Tensor RunOn(SimdPath path, Pass pass, Size size, Tensor[] inputs)
    {
        Tensor y = pass.New(new Shape(size.Rows, size.Outputs), inputs[0].DType);
        if (y.Count > 0)
        {
            Linear.ForwardCpu((CpuDevice)pass.Device, path, inputs[0], inputs[1], size.Bias ? inputs[2] : null, size.Activation, y);
        }

        return y;
    }
}
