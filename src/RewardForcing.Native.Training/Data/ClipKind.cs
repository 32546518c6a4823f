namespace RewardForcing.Native.Training;

/// <summary>What the rows of a store of clips are.</summary>
public enum ClipKind
{
    /// <summary>Clean latents, <c>[F, C, H, W]</c>.</summary>
    Latents,

    /// <summary>Points of a teacher's trajectories from noise to clean latents, <c>[K, F, C, H, W]</c>; the last point is the clean one.</summary>
    Trajectories,

    /// <summary>Pictures, <c>[F, H, W, 3]</c>, red, green and blue from 0 to 255.</summary>
    Videos,
}
