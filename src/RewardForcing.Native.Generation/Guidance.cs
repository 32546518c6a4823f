using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Classifier-free guidance.</summary>
/// <remarks>Ho and Salimans 2022. Spec: models 4.4.</remarks>
public static class Guidance
{
    /// <summary>Computes <c>v = u + scale · (c - u)</c> in double, rounded once to F32.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="conditional">Prediction c for the prompt, F32 or BF16.</param>
    /// <param name="unconditional">Prediction u for the negative prompt, same shape.</param>
    /// <param name="scale">1 gives the prompt's prediction.</param>
    public static Tensor Forward(Pass pass, Tensor conditional, Tensor unconditional, float scale) =>
        LinearCombination.Forward(pass, DType.F32, (scale, conditional), (1.0 - scale, unconditional));
}
