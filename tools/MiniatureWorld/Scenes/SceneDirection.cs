namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Where to, on the screen.</summary>
internal enum SceneDirection
{
    Left,
    Right,
    Up,
    Down,
}
