namespace RewardForcing.Native.Models;

/// <summary>Where the gradient of cached keys and values goes in training; key <c>kv_grad</c>.</summary>
public enum CacheGradient
{
    /// <summary>Nowhere: past frames are constants, as Self-Forcing describes.</summary>
    Detached,

    /// <summary>To the keys and values that the earlier block computed in its recorded step, as if the cache held those; what the reference does.</summary>
    StraightThrough,
}
