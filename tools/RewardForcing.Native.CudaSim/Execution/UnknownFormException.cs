namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>An instruction form that is not implemented; lowering adds where it stands.</summary>
internal sealed class UnknownFormException(string what) : Exception(what);
