using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A pool of stream-ordered memory: the counts of one, since every block has an address of its own.</summary>
/// <param name="device">Device it takes memory of.</param>
internal sealed class SimulatedPool(int device)
{
    private ulong _usedPeak;
    private ulong _reservedPeak;

    /// <summary>Device it takes memory of.</summary>
    public int Device => device;

    /// <summary>Bytes handed out.</summary>
    public ulong Used { get; private set; }

    /// <summary>Bytes it holds.</summary>
    public ulong Reserved { get; private set; }

    /// <summary>Bytes it keeps when somebody synchronises.</summary>
    public ulong Threshold { get; set; }


    /// <summary>Bytes it would have to take from the device for a block.</summary>
    public ulong Needed(ulong bytes) => Used + bytes > Reserved ? Used + bytes - Reserved : 0;

    /// <summary>Hands a block out.</summary>
    public void Take(ulong bytes)
    {
        Used += bytes;
        Reserved = Math.Max(Reserved, Used);
        (_usedPeak, _reservedPeak) = (Math.Max(_usedPeak, Used), Math.Max(_reservedPeak, Reserved));
    }

    /// <summary>Takes a block back.</summary>
    public void Return(ulong bytes) => Used -= bytes;

    /// <summary>Gives what is not used back to the device, but for some bytes.</summary>
    public void Trim(ulong keep) => Reserved = Math.Max(Used, Math.Min(Reserved, keep));

    /// <summary>One of its numbers, or null.</summary>
    public ulong? Get(CudaPoolAttribute attribute) => attribute switch
    {
        CudaPoolAttribute.ReleaseThreshold => Threshold,
        CudaPoolAttribute.ReservedBytes => Reserved,
        CudaPoolAttribute.ReservedBytesPeak => _reservedPeak,
        CudaPoolAttribute.UsedBytes => Used,
        CudaPoolAttribute.UsedBytesPeak => _usedPeak,
        _ => null,
    };

    /// <summary>Sets one of its numbers; false for one that cannot be set so.</summary>
    public bool Set(CudaPoolAttribute attribute, ulong value)
    {
        switch (attribute)
        {
            case CudaPoolAttribute.ReleaseThreshold:
                Threshold = value;
                return true;
            case CudaPoolAttribute.ReservedBytesPeak when value == 0:
                _reservedPeak = Reserved;
                return true;
            case CudaPoolAttribute.UsedBytesPeak when value == 0:
                _usedPeak = Used;
                return true;
            default:
                return false;
        }
    }
}
