using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>How often an instruction ran, and what it did to memory.</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="Warps">Times a warp ran it.</param>
/// <param name="Lanes">Lanes that took part.</param>
public sealed record InstructionCount(PtxInstruction Instruction, long Warps, long Lanes)
{
    /// <summary>Groups of lanes whose shared accesses could be served at once (checked mode).</summary>
    public long SharedPhases { get; init; }

    /// <summary>Passes through the banks that they need; equal to <see cref="SharedPhases"/> without conflicts.</summary>
    public long SharedWavefronts { get; init; }

    /// <summary>Bytes of shared memory used.</summary>
    public long SharedBytes { get; init; }

    /// <summary>Warp accesses to global memory.</summary>
    public long Requests { get; init; }

    /// <summary>32-byte sectors that they touch.</summary>
    public long Sectors { get; init; }

    /// <summary>Bytes of global memory used.</summary>
    public long GlobalBytes { get; init; }
}
