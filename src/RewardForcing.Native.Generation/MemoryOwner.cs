namespace RewardForcing.Native.Generation;

/// <summary>Part of a run's memory.</summary>
/// <param name="Name">What it holds, such as <c>transformer weights</c>.</param>
/// <param name="Bytes">The most it takes.</param>
public readonly record struct MemoryOwner(string Name, long Bytes);
