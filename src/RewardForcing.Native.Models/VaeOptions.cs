using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How a Wan VAE is read and run.</summary>
public sealed record VaeOptions
{
    /// <summary>Types of the weights.</summary>
    public WeightRules Weights { get; init; } = new();

    /// <summary>The arithmetic of the latents' mean and deviation.</summary>
    public VaeScaleMode ScaleMode { get; init; } = VaeScaleMode.Fp32;

    /// <summary>
    /// Latents (or groups of four frames) that go through the network at once after the first: the result is the same, working memory
    /// grows in proportion.
    /// </summary>
    public int LatentsPerStep { get; init; } = 1;

    /// <summary>
    /// Whether what each layer keeps of the frames before lies in host memory and is on the device only while the layer runs: for devices it does not
    /// fit. The result is the same. Changes nothing on the CPU.
    /// </summary>
    public bool KeepsHistoryOnHost { get; init; }
}
