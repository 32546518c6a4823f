using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>A range that a piece of work read or wrote.</summary>
/// <param name="Allocation">Where it is.</param>
/// <param name="First">First byte, from the allocation's start.</param>
/// <param name="End">Behind the last byte.</param>
/// <param name="IsWritten">Whether it was written.</param>
internal readonly record struct MemoryUse(Allocation Allocation, ulong First, ulong End, bool IsWritten);
