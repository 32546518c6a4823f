namespace RewardForcing.Native.MiniatureWorld;

/// <summary>What moves.</summary>
internal enum SceneShape
{
    Circle,
    Square,
    Triangle,
    Cross,
}
