using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Keys and values of the context of one layer's cross-attention, <c>[B, S, N, D]</c> each.</summary>
internal readonly record struct ContextKeys(Tensor K, Tensor V, Tensor? ImageK = null, Tensor? ImageV = null);
