namespace RewardForcing.Native.MiniatureWorld;

/// <summary>What a scene is for: combinations of shape, colour and direction that are held out are in no training clip.</summary>
internal enum SceneSplit
{
    Train,
    HeldOut,
}
