using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Affine map of the last dimension.</summary>
public static partial class Linear
{
    private const string Op = "linear";

    /// <summary>Computes <c>y = activation(x · weightᵀ + bias)</c> with float accumulation; the result is rounded once, to the type of <paramref name="x"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., I]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, I]</c> (further dimensions are flattened into I); any float type, read in place.</param>
    /// <param name="bias">Added before the activation, <c>[O]</c>; any float type; may be null.</param>
    /// <param name="activation">Applied to the sum; with BF16 input the sum is rounded to BF16 first, as the separate op would.</param>
    /// <returns><c>[..., O]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The inner dimensions differ.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias = null, Activation activation = Activation.None)
    {
        Check.RankAtLeast(Op, x, 1, "[..., I]");
        Check.Activation(Op, x);
        Check.RankAtLeast(Op, weight, 2, "[O, I]");
        Check.Weight(Op, weight);
        (int inputs, int outputs) = (x.Shape[^1], weight.Shape[0]);
        Check.That(inputs > 0 && outputs > 0, Op, $"x and weight must have at least one channel, got {x.Shape} and {weight.Shape}.");
        Check.That(weight.Count == (long)outputs * inputs, Op, $"weight must be [O, {inputs}] to match the last dimension of x {x.Shape}, got {weight.Shape}.");
        Check.That(Enum.IsDefined(activation), Op, $"activation must be a known function, got {activation}.");
        if (bias is not null)
        {
            Check.Weight(Op, bias);
            Check.Shape(Op, bias, new Shape(outputs), $"to match the first dimension of weight {weight.Shape}");
        }

        if (activation != Activation.None && pass.Records(x, weight, bias))
        {
            // Its derivative needs the sum before the activation, rounded as it is here.
            using Scope scope = pass.BeginScope();
            return scope.Keep(Unary.Forward(pass, Forward(pass, x, weight, bias), activation));
        }

        Tensor y = pass.New(x.Shape.With(^1, outputs), x.DType);
        pass.Record(y, [x, weight, bias], [x, weight, bias], (back, dy) => Backward(back, dy, x, weight, bias));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, x, weight, bias, activation, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        if (y.Count > 0)
        {
            ForwardCpu(cpu, SimdPaths.Best, x, weight, bias, activation, y);
        }

        return y;
    }

    internal static void ForwardCpu(CpuDevice cpu, SimdPath path, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        int channels = x.Shape[^1];
        var rows = new DenseRows(x.Address, (long)channels * x.DType.Size());
        PanelProduct.Run(cpu, path, rows, x.DType, new Filter(weight, y.Shape[^1], channels, 1), new ProductFinish(y, bias, activation));
    }
}
