namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Lanes of a warp that are at another place than the running ones.</summary>
internal unsafe struct Split
{
    /// <summary>Start of the block they run next.</summary>
    public Operation* Next;

    /// <summary>The lanes.</summary>
    public uint Mask;

    /// <summary>Lanes they wait for, at a collective; 0 if they can run.</summary>
    public uint Awaited;

    /// <summary>Whether they were told to wait and let others run first.</summary>
    public bool Polled;
}
