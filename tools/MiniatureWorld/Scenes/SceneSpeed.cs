namespace RewardForcing.Native.MiniatureWorld;

/// <summary>How fast, as a prompt says it.</summary>
internal enum SceneSpeed
{
    /// <summary>The prompt does not say: anything from the slowest to the fastest.</summary>
    Any,
    Slow,
    Medium,
    Fast,
}
