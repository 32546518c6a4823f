namespace RewardForcing.Native.Cuda.Interop;

/// <summary>What one compilation gave.</summary>
/// <param name="Succeeded">Whether the source compiled; if not, only the log says anything.</param>
/// <param name="Ptx">PTX text.</param>
/// <param name="Cubin">Machine code, empty for a <c>compute_</c> target.</param>
/// <param name="Log">Errors and warnings, and the assembler's report of registers.</param>
internal sealed record NvrtcOutput(bool Succeeded, string Ptx, byte[] Cubin, string Log);
