using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Where a bulk copy finds its operands.</summary>
internal sealed unsafe class BulkPlan
{
    /// <summary>Marks that an operand is not there.</summary>
    public const int None = -1;

    /// <summary>Whether it copies by a tensor map.</summary>
    public required bool IsTensor { get; init; }

    /// <summary>Whether the target is in shared memory.</summary>
    public required bool ToShared { get; init; }

    /// <summary>Whether the source is in shared memory.</summary>
    public required bool FromShared { get; init; }

    /// <summary>Operation by which what is there and what comes are joined, or null to replace.</summary>
    public string? Reduction { get; init; }

    /// <summary>Type of the elements of a reduction without a map.</summary>
    public PtxType Element { get; init; }

    /// <summary>Target address, or that of the map.</summary>
    public required (int Column, bool Wide, long Offset) Target { get; init; }

    /// <summary>Source address, or that of the map.</summary>
    public required (int Column, bool Wide, long Offset) Source { get; init; }

    /// <summary>Address of the mbarrier; not used for copies out of shared memory.</summary>
    public (int Column, bool Wide, long Offset) Barrier { get; init; }

    /// <summary>Coordinates of the box, innermost first.</summary>
    public int[] Coordinates { get; init; } = [];

    /// <summary>Number of bytes of a copy without a map.</summary>
    public int Size { get; init; } = None;

    /// <summary>Blocks of the cluster that a load goes to.</summary>
    public int Mask { get; init; } = None;

    /// <summary>An address in a lane.</summary>
    public static ulong Address(Warp w, (int Column, bool Wide, long Offset) place, int lane)
    {
        ulong address = (ulong)place.Offset + (place.Wide ? Lanes.Get<ulong>(w.Registers + place.Column, lane) : Lanes.Get<uint>(w.Registers + place.Column, lane));
        return MemoryMap.SpaceOf(address) == PtxSpace.Shared ? address - MemoryMap.SharedWindow : address;
    }
}
