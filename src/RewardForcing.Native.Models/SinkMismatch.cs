namespace RewardForcing.Native.Models;

/// <summary>What an averaging sink does when another number of frames leaves the window than the sink has.</summary>
public enum SinkMismatch
{
    /// <summary>The first sink frames are replaced by the first evicted ones, as the reference does.</summary>
    Overwrite,

    /// <summary>The sink stays as it is.</summary>
    Keep,
}
