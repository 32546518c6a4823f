namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// The state of an mbarrier, as the simulated device keeps it in 8 bytes of shared memory. A real device has another encoding, which is opaque to kernels. The
/// top bits tell a barrier from memory that never was one.
/// </summary>
internal struct MemoryBarrier
{
    /// <summary>Most arrivals that can be expected.</summary>
    public const int MostArrivals = (1 << 20) - 1;

    private const int MostBytes = (1 << 20) - 1;
    private const ulong Mark = 1UL << 62;

    /// <summary>Arrivals of every phase.</summary>
    public int Expected;

    /// <summary>Arrivals that are missing in this phase.</summary>
    public int Missing;

    /// <summary>Bytes that copies are still to bring in this phase; negative while more came than were announced.</summary>
    public int Bytes;

    /// <summary>Parity of the phase.</summary>
    public uint Phase;

    /// <summary>Whether a phase is complete: everyone arrived, and every byte came.</summary>
    public readonly bool IsComplete => Missing == 0 && Bytes == 0;

    /// <summary>Whether the counts can be kept.</summary>
    public readonly bool IsInRange => Bytes is >= -MostBytes and <= MostBytes;

    /// <summary>Reads a state; false if there is no barrier in these bytes.</summary>
    public static bool TryRead(ulong bits, out MemoryBarrier barrier)
    {
        barrier = new MemoryBarrier
        {
            Bytes = (int)(bits & 0x1FFFFF) - MostBytes,
            Missing = (int)(bits >> 21) & MostArrivals,
            Expected = (int)(bits >> 41) & MostArrivals,
            Phase = (uint)(bits >> 61) & 1,
        };
        return bits >> 62 == 1;
    }

    /// <summary>The 8 bytes.</summary>
    public readonly ulong Bits => Mark | ((ulong)Phase << 61) | ((ulong)Expected << 41) | ((ulong)Missing << 21) | (uint)(Bytes + MostBytes);

    /// <summary>Begins the next phase.</summary>
    public void Advance()
    {
        Phase ^= 1;
        Missing = Expected;
    }
}
