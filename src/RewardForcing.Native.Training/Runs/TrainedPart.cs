using RewardForcing.Native.Models;

namespace RewardForcing.Native.Training;

/// <summary>A network in training, with everything its checkpoint holds.</summary>
/// <param name="Name">File name in a checkpoint: <c>generator</c>, <c>critic</c>, <c>vae</c>.</param>
/// <param name="Weights">Its parameters, under the names of the original layout.</param>
/// <param name="Optimizer">The state of its optimiser.</param>
/// <param name="Average">The running average of its weights; null before it begins or without one.</param>
public sealed record TrainedPart(string Name, WeightSet Weights, AdamWOptimizer Optimizer, WeightAverage? Average);
