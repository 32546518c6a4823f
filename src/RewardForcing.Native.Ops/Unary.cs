using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Elementwise functions of one tensor.</summary>
public static class Unary
{
    /// <summary>Applies an activation to every element; float inside, one rounding.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input of any shape, F32 or BF16.</param>
    /// <param name="activation">The function.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    public static Tensor Forward(Pass pass, Tensor x, Activation activation) => throw new NotImplementedException();
}
