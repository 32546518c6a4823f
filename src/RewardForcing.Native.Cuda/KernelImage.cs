namespace RewardForcing.Native.Cuda;

/// <summary>Compiled kernels of one source file, as they are handed to a driver.</summary>
/// <param name="Name">File name of the source, such as <c>rms_norm.cu</c>.</param>
/// <param name="Target">Architecture it was compiled for, such as <c>sm_80</c> or <c>sm_90a</c>.</param>
/// <param name="Ptx">PTX text with <c>.loc</c> lines. Always there.</param>
/// <param name="Cubin">Machine code for <paramref name="Target"/> made in the same compilation, or empty.</param>
/// <remarks>A driver loads the machine code where it fits the device and the PTX otherwise; both come from one compilation.</remarks>
public sealed record KernelImage(string Name, string Target, string Ptx, ReadOnlyMemory<byte> Cubin);
