namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>PTX that is malformed, or that holds something the simulator does not execute. Thrown when a module is loaded.</summary>
/// <param name="message">One sentence: kernel, PTX line, source line, what.</param>
public sealed class PtxException(string message) : Exception(message);
