namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A special register that a kernel reads, and its column.</summary>
/// <param name="Name">Such as <c>%tid.x</c>.</param>
/// <param name="Column">Byte offset in the register file.</param>
internal readonly record struct SpecialRegister(string Name, int Column);
