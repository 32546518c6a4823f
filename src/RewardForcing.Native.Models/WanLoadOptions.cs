using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>How the weights of a Wan transformer are read.</summary>
public sealed record WanLoadOptions
{
    /// <summary>Which set of weights to take from a training checkpoint.</summary>
    public WeightsEntry Entry { get; init; }

    /// <summary>Type all weights are converted to; null uses them as they are stored, mapped in place on the CPU.</summary>
    public DType? CastTo { get; init; }

    /// <summary>Type that F32 and F64 weights are rounded to, while narrower ones stay as they are stored; null rounds none.</summary>
    public DType? Widest { get; init; }

    /// <summary>
    /// Whether the weights of blocks stay in host memory and are brought to the device one block after the other: for devices that the network
    /// does not fit. Changes nothing on the CPU, where weights are read in place.
    /// </summary>
    public bool StreamsBlocks { get; init; }

    /// <summary>A LoRA to add to the weights before any conversion; null for none.</summary>
    public LoraAdapter? Adapter { get; init; }
}
