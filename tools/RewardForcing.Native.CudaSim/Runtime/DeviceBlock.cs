using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A block of device memory that was allocated through the driver.</summary>
/// <param name="Allocation">Where it is.</param>
/// <param name="Pool">Pool it is of, or null.</param>
internal sealed record DeviceBlock(Allocation Allocation, SimulatedPool? Pool);
