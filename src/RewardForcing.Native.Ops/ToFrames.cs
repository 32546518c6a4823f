using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>From decoded video to displayable frames.</summary>
public static class ToFrames
{
    /// <summary>Computes <c>trunc(255 · clamp(0.5 x + 0.5, 0, 1))</c>; the conversion truncates, as the reference does.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Video in -1..1, channels-last <c>[..., 3]</c>, F32 or BF16.</param>
    /// <returns>Same shape, U8.</returns>
    public static Tensor Forward(Pass pass, Tensor x) => throw new NotImplementedException();
}
