using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How a Wan VAE is read and run.</summary>
public sealed record VaeOptions
{
    /// <summary>Type all weights are converted to; null uses them as they are stored, mapped in place on the CPU.</summary>
    public DType? CastTo { get; init; }

    /// <summary>The arithmetic of the latents' mean and deviation.</summary>
    public VaeScaleMode ScaleMode { get; init; } = VaeScaleMode.Fp32;

    /// <summary>
    /// Latents (or groups of four frames) that go through the network at once after the first: the result is the same, working memory
    /// grows in proportion.
    /// </summary>
    public int LatentsPerStep { get; init; } = 1;
}
