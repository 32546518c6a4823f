using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Cuts latents into 1 x 2 x 2 patches.</summary>
public static class Patchify
{
    /// <summary>Gathers patches into rows; a <see cref="Linear"/> with the patch-embedding weight then gives tokens.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Latents, <c>[B, C, F, H, W]</c>, H and W even.</param>
    /// <returns><c>[B, F·H/2·W/2, C·4]</c>: tokens frame-major, then rows, then columns; inside a row the order is (channel, dy, dx), dx fastest.</returns>
    /// <exception cref="ArgumentException">H or W is odd.</exception>
    /// <remarks>Spec: models 1.4(2).</remarks>
    public static Tensor Forward(Pass pass, Tensor x) => throw new NotImplementedException();
}
