using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Arithmetic on batches whose entries have noise levels of their own. The other two formulas are the ops <c>AddNoise</c> and <c>FlowToX0</c>.</summary>
/// <remarks>Spec: models 4.1.</remarks>
public static class FlowConversion
{
    /// <summary>Computes <c>v = (x_σ - x0) / σ</c> in double; rounded once to the type of <paramref name="x0"/>.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="x0">Clean latents, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="noisy">Noisy latents x_σ, same shape.</param>
    /// <param name="sigmas">R noise levels, above 0.</param>
    /// <exception cref="ArgumentException">The counts differ.</exception>
    public static Tensor X0ToFlow(Pass pass, Tensor x0, Tensor noisy, ReadOnlySpan<float> sigmas)
    {
        var factors = new double[sigmas.Length];
        for (int i = 0; i < factors.Length; i++)
        {
            factors[i] = 1.0 / sigmas[i];
        }

        return Combine(pass, "x0_to_flow", noisy, factors, x0, Array.ConvertAll(factors, static factor => -factor), x0.DType);
    }

    /// <summary>Computes <c>y = x + v · step</c>, one Euler step of the probability flow.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="flow">Model output v, <c>[R, ...]</c>, F32 or BF16.</param>
    /// <param name="sample">Noisy latents x, same shape.</param>
    /// <param name="steps">R changes of the noise level, from <see cref="FlowMatchSchedule.EulerSteps"/>.</param>
    /// <exception cref="ArgumentException">The counts differ.</exception>
    public static Tensor EulerStep(Pass pass, Tensor flow, Tensor sample, ReadOnlySpan<float> steps)
    {
        var ones = new double[steps.Length];
        var factors = new double[steps.Length];
        for (int i = 0; i < factors.Length; i++)
        {
            ones[i] = 1;
            factors[i] = steps[i];
        }

        return Combine(pass, "euler_step", sample, ones, flow, factors, sample.DType);
    }

    private static Tensor Combine(Pass pass, string op, Tensor a, double[] aFactors, Tensor b, double[] bFactors, DType dtype)
    {
        if (a.Shape != b.Shape || a.Shape.Rank == 0 || a.Shape[0] != aFactors.Length)
        {
            throw new ArgumentException($"{op}: expected two tensors of one shape with one noise level for each entry, got {a.Shape}, {b.Shape} and {aFactors.Length} levels.");
        }

        using Scope scope = pass.BeginScope();
        var rows = new Tensor[aFactors.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = LinearCombination.Forward(pass, dtype, (aFactors[i], pass.Slice(a, i, 1)), (bFactors[i], pass.Slice(b, i, 1)));
        }

        return scope.Keep(rows.Length == 1 ? rows[0] : Concat.Forward(pass, 0, rows));
    }
}
