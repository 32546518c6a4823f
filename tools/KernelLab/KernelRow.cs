namespace RewardForcing.Native.KernelLab;

/// <summary>What one entry of one variant takes on one architecture.</summary>
/// <param name="Kernel">Stem of the file.</param>
/// <param name="Entry">The <c>__global__</c> function.</param>
/// <param name="Variant">Its macros.</param>
/// <param name="Architecture">Compiled for.</param>
/// <param name="Registers">Registers of a thread.</param>
/// <param name="StackBytes">Local memory of a thread.</param>
/// <param name="SpillBytes">Bytes of registers written to and read from local memory.</param>
/// <param name="SharedBytes">Shared memory of a block, static and dynamic.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="Blocks">Blocks a multiprocessor holds; 0 if one does not fit.</param>
/// <param name="Occupancy">Share of its warps, 0 to 1.</param>
internal sealed record KernelRow(
    string Kernel, string Entry, string Variant, string Architecture, int Registers, int StackBytes, int SpillBytes, int SharedBytes, int Threads, int Blocks, double Occupancy);
