namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>The allocation that a memory instruction met last: most accesses are in it again.</summary>
internal struct SeenAllocation
{
    /// <summary>First address.</summary>
    public ulong Low;

    /// <summary>Behind the last address.</summary>
    public ulong High;

    /// <summary>What turns an address into the host's.</summary>
    public ulong Delta;
}
