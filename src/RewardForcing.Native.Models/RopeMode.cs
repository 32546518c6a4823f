namespace RewardForcing.Native.Models;

/// <summary>When keys get their temporal position.</summary>
public enum RopeMode
{
    /// <summary>Keys are cached as they are and rotated in every call by their place in the window (Reward Forcing).</summary>
    WindowRelative,

    /// <summary>Keys are rotated once, by their frame number in the whole video, and cached so (Self Forcing, LongLive, CausVid).</summary>
    Absolute,
}
