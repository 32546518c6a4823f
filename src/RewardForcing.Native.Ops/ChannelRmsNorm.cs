using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The norm of the Wan VAE: the vector of channels of each pixel is scaled to length sqrt(C).</summary>
public static class ChannelRmsNorm
{
    /// <summary>Computes <c>y = activation(x / max(|x|, 1e-12) * sqrt(C) * gamma)</c>, with a rounding after each factor in BF16.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[..., C]</c>, F32 or BF16.</param>
    /// <param name="gamma">Scale, C elements of any shape (<c>[C, 1, 1, 1]</c> in checkpoints).</param>
    /// <param name="activation">Applied last; the VAE follows most of its norms by SiLU.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="gamma"/> has not C elements.</exception>
    public static Tensor Forward(Pass pass, Tensor x, Tensor gamma, Activation activation = Activation.None) => throw new NotImplementedException();
}
