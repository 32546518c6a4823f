namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Who uses shared memory, in the name of whom.</summary>
/// <param name="Viewer">Agent that must have seen what was done there before: the warp that runs the instruction.</param>
/// <param name="Epoch">Agent and moment under which the access is remembered.</param>
/// <param name="IsAsync">Whether an asynchronous unit does it, which sees what threads wrote only behind a fence between proxies.</param>
internal readonly record struct Party(int Viewer, uint Epoch, bool IsAsync);
