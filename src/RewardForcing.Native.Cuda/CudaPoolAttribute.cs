namespace RewardForcing.Native.Cuda;

/// <summary>A 64-bit number of a memory pool; values are those of <c>CUmemPool_attribute</c>.</summary>
public enum CudaPoolAttribute
{
    /// <summary>Bytes kept from the system when a synchronisation would give unused memory back. Can be set.</summary>
    ReleaseThreshold = 4,

    /// <summary>Bytes the pool holds from the system.</summary>
    ReservedBytes = 5,

    /// <summary>Largest value of <see cref="ReservedBytes"/>. Setting it to 0 restarts it from the current value.</summary>
    ReservedBytesPeak = 6,

    /// <summary>Bytes handed out.</summary>
    UsedBytes = 7,

    /// <summary>Largest value of <see cref="UsedBytes"/>. Setting it to 0 restarts it from the current value.</summary>
    UsedBytesPeak = 8,
}
