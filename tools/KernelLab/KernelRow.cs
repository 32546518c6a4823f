using System.Globalization;

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
/// <param name="IsSerialized">Whether the assembler runs products of warpgroups one after the other, because other instructions come between.</param>
internal sealed record KernelRow(
    string Kernel, string Entry, string Variant, string Architecture, int Registers, int StackBytes, int SpillBytes, int SharedBytes, int Threads, int Blocks, double Occupancy, bool IsSerialized)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Entry,-30} {Architecture,-6} {Registers,4} registers {SpillBytes,4} B spilled {StackBytes,4} B stack {SharedBytes,7} B shared {Blocks,3} blocks of {Threads,3} {100 * Occupancy,4:F0} %  {Variant}");
}
