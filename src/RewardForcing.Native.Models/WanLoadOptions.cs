using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How the weights of a Wan transformer are read.</summary>
public sealed record WanLoadOptions
{
    /// <summary>Which set of weights to take from a training checkpoint.</summary>
    public WeightsEntry Entry { get; init; }

    /// <summary>Type all weights are converted to; null uses them as they are stored, mapped in place on the CPU.</summary>
    public DType? CastTo { get; init; }

    /// <summary>A LoRA to add to the weights before any conversion; null for none.</summary>
    public LoraAdapter? Adapter { get; init; }
}
