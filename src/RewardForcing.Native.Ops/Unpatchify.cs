using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Puts the output rows of the head back into latents.</summary>
public static class Unpatchify
{
    /// <summary>Scatters rows into frames; inside a row the order is (dy, dx, channel), channel fastest.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="tokens">Head output, <c>[B, F·h·w, 4·C]</c>.</param>
    /// <param name="frames">Latent frames F.</param>
    /// <param name="height">Rows h of the token grid.</param>
    /// <param name="width">Columns w of the token grid.</param>
    /// <returns><c>[B, C, F, 2h, 2w]</c>.</returns>
    /// <exception cref="ArgumentException">The number of tokens is not <c>F·h·w</c>.</exception>
    /// <remarks>Spec: models 1.4(11).</remarks>
    public static Tensor Forward(Pass pass, Tensor tokens, int frames, int height, int width) => throw new NotImplementedException();
}
