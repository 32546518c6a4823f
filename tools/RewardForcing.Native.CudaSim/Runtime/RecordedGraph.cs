namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A graph: recorded work in its order. An executable one is another object with the same work.</summary>
/// <param name="Context">Context it belongs to.</param>
/// <param name="Nodes">The work.</param>
/// <param name="IsExecutable">Whether it can be launched.</param>
internal sealed record RecordedGraph(SimulatedContext Context, IReadOnlyList<StreamWork> Nodes, bool IsExecutable);
