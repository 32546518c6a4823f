using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Where the spaces lie. No device address is one of the host's, so a host that follows one dies as it would with a real device.</summary>
internal static class MemoryMap
{
    /// <summary>First address of global memory.</summary>
    public const ulong GlobalBase = 0x0007_0000_0000_0000;

    /// <summary>Generic addresses of shared memory begin here.</summary>
    public const ulong SharedWindow = 0x0100_0000_0000_0000;

    /// <summary>Generic addresses of a thread's memory begin here.</summary>
    public const ulong LocalWindow = 0x0200_0000_0000_0000;

    /// <summary>Addresses of a kernel's arguments begin here.</summary>
    public const ulong ParameterWindow = 0x0300_0000_0000_0000;

    /// <summary>First shared address of a block; what is below belongs to the system, so that 0 is never valid.</summary>
    public const int SharedStart = 1024;

    /// <summary>Bit from which on a shared address holds the rank of its block in the cluster.</summary>
    public const int RankShift = 24;

    /// <summary>Space of a generic address.</summary>
    public static PtxSpace SpaceOf(ulong address) => (address >> 56) switch
    {
        1 => PtxSpace.Shared,
        2 => PtxSpace.Local,
        3 => PtxSpace.Parameter,
        _ => PtxSpace.Global,
    };
}
