using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Clipping of gradients by their length over all parameters together.</summary>
/// <remarks>Spec: training 4.4. Pascanu et al. 2013.</remarks>
public static class GradientClip
{
    private const double Guard = 1e-6;

    /// <summary>Computes <c>sqrt(sum g²)</c> over all gradients, summed in double in a fixed order.</summary>
    /// <param name="parameters">Parameters; those without a gradient count as zero.</param>
    public static double Norm(IEnumerable<Parameter> parameters)
    {
        double sum = 0;
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Grad is { Count: > 0 } grad)
            {
                using Pass pass = Pass.Inference(grad.Device);
                sum += Reduce.Sum(pass, Multiply.Forward(pass, grad, grad)).ToArray<float>()[0];
            }
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Computes <see cref="Norm"/> of gradients that are about to move weights, and forgets them where they may not.</summary>
    /// <param name="parameters">Parameters.</param>
    /// <param name="who">Who moves them; begins the sentence.</param>
    /// <param name="step">Number of the step, from 0.</param>
    /// <exception cref="NotFiniteNumberException">The length is not finite.</exception>
    internal static double FiniteNorm(IReadOnlyCollection<Parameter> parameters, string who, long step)
    {
        double norm = Norm(parameters);
        if (double.IsFinite(norm))
        {
            return norm;
        }

        foreach (Parameter parameter in parameters)
        {
            parameter.ClearGrad();
        }

        throw new NotFiniteNumberException($"{who}: the gradient of step {step} is {norm}; the weights are those of the step before. Lower the learning rate or resume an earlier checkpoint.", norm);
    }

    /// <summary>Computes <c>min(1, largest / (norm + 1e-6))</c>, what gradients are to be multiplied by.</summary>
    /// <param name="norm">From <see cref="Norm"/>.</param>
    /// <param name="largest">The length that is allowed.</param>
    public static double Factor(double norm, double largest) => Math.Min(1, largest / (norm + Guard));

    /// <summary>Multiplies every gradient.</summary>
    /// <param name="parameters">Their parameters.</param>
    /// <param name="factor">The factor; 1 changes nothing.</param>
    public static void Scale(IEnumerable<Parameter> parameters, double factor)
    {
        foreach (Parameter parameter in parameters)
        {
            if (factor != 1 && parameter.Grad is { } grad)
            {
                using Pass pass = Pass.Inference(grad.Device);
                grad.CopyFrom(LinearCombination.Forward(pass, DType.F32, (factor, grad)));
            }
        }
    }
}
