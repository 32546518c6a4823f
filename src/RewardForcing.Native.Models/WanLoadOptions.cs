using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How the weights of a Wan transformer are read.</summary>
public sealed record WanLoadOptions
{
    /// <summary>Which set of weights to take from a training checkpoint.</summary>
    public WeightsEntry Entry { get; init; }

    /// <summary>Types and places of the weights.</summary>
    public WeightRules Weights { get; init; } = new();

    /// <summary>A LoRA to add to the weights before any conversion; null for none.</summary>
    public LoraAdapter? Adapter { get; init; }
}
