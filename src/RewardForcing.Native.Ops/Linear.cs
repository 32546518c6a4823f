using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Affine map of the last dimension.</summary>
public static class Linear
{
    /// <summary>Computes <c>y = activation(x · weightᵀ + bias)</c> with float accumulation; the result is rounded once, to the type of <paramref name="x"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., I]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, I]</c> (further dimensions are flattened into I); any float type, read in place.</param>
    /// <param name="bias">Added before the activation, <c>[O]</c>; any float type; may be null.</param>
    /// <param name="activation">Applied to the sum; with BF16 input the sum is rounded to BF16 first, as the separate op would.</param>
    /// <returns><c>[..., O]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The inner dimensions differ.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias = null, Activation activation = Activation.None) =>
        throw new NotImplementedException();
}
