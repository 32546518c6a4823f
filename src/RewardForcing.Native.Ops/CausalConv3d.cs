using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Causal 3-D convolution over channels-last video.</summary>
public static class CausalConv3d
{
    /// <summary>Convolves with zero padding on both sides in space and, in time, with history before the first frame and nothing after the last.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Input, <c>[B, T, H, W, C]</c>, F32 or BF16.</param>
    /// <param name="weight">Weight as PyTorch stores it, <c>[O, C, kT, kH, kW]</c>, odd kH and kW; any float type. Tap kT-1 is the current frame.</param>
    /// <param name="bias">Added, <c>[O]</c>; may be null.</param>
    /// <param name="history">Frames before the first one, <c>[B, m, H, W, C]</c> with <c>m &lt;= padFrames</c>, newest last; null for none. Missing ones are zero.</param>
    /// <param name="padFrames">Frames the input is extended by at the front: kT-1 for a causal convolution that keeps the length, 0 for a valid one.</param>
    /// <param name="frameStride">Step in time; output frames are <c>(T + padFrames - kT) / frameStride + 1</c>.</param>
    /// <returns><c>[B, T_out, H, W, O]</c> of the type of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 VAE, models spec section 6.1.</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor weight, Tensor? bias, Tensor? history, int padFrames, int frameStride = 1) =>
        throw new NotImplementedException();
}
