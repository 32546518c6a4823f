using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>2-D convolution over channels-last images.</summary>
public static class Conv2d
{
    /// <summary>Convolves every image of the leading dimensions.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., H, W, C]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, kH, kW]</c>; any float type.</param>
    /// <param name="bias">Added, <c>[O]</c>; may be null.</param>
    /// <param name="plan">Step and padding.</param>
    /// <returns><c>[..., H_out, W_out, O]</c> with <c>H_out = (H + top + bottom - kH) / stride + 1</c>, of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias, Conv2dPlan plan) =>
        throw new NotImplementedException();
}
