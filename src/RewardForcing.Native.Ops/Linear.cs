using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Affine map of the last dimension.</summary>
public static class Linear
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
        Check.RankAtLeast(Op, weight, 2, "[O, I]");
        Check.Activation(Op, x);
        Check.Weight(Op, weight);
        int outputs = weight.Shape[0];
        int inputs = x.Shape[^1];
        Check.That(weight.Count == (long)outputs * inputs, Op, $"weight must be [O, {inputs}] to match the last dimension of x {x.Shape}, got {weight.Shape}.");
        if (bias is not null)
        {
            Check.Weight(Op, bias);
            Check.Shape(Op, bias, new Shape(outputs), $"to match weight {weight.Shape}");
            pass.RequireNoGrad(Op, x, weight, bias);
        }
        else
        {
            pass.RequireNoGrad(Op, x, weight);
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Tensor y = pass.New(x.Shape.With(^1, outputs), x.DType);
        bool round = x.DType == DType.BF16;
        (Elements source, Elements matrix, Elements target) = (new(x), new(weight), new(y));
        float[] offsets = new float[outputs];
        if (bias is not null)
        {
            new Elements(bias).Widen(0, offsets);
        }

        Chunks.Rows(cpu, x.Shape.Rows, (long)outputs * inputs, (2 * inputs) + (2 * outputs), (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                ReadOnlySpan<float> values = source.Read(row * inputs, inputs, scratch);
                Span<float> sums = scratch.Slice(2 * inputs, outputs);
                for (int o = 0; o < outputs; o++)
                {
                    ReadOnlySpan<float> w = matrix.Read((long)o * inputs, inputs, scratch[inputs..]);
                    float sum = Lanes.Dot(values, w) + offsets[o];
                    sums[o] = round ? (float)(BFloat16)sum : sum;
                }

                Span<float> result = target.Target(row * outputs, outputs, scratch[((2 * inputs) + outputs)..]);
                Activations.Apply(activation, sums, result);
                target.Commit(row * outputs, result);
            }
        });
        return y;
    }
}
