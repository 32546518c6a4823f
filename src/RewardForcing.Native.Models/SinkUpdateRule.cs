namespace RewardForcing.Native.Models;

/// <summary>What happens to the sink when frames leave the window.</summary>
public enum SinkUpdateRule
{
    /// <summary>They are averaged into the sink (Reward Forcing).</summary>
    Ema,

    /// <summary>Nothing.</summary>
    Static,
}
