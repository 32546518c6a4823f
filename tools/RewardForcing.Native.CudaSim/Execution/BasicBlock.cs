namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Instructions that run one behind the other.</summary>
/// <param name="Start">First instruction.</param>
/// <param name="End">Behind the last one.</param>
internal sealed record BasicBlock(int Start, int End)
{
    /// <summary>Blocks that may follow.</summary>
    public List<int> Successors { get; } = [];
}
