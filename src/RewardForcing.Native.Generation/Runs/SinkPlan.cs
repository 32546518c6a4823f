namespace RewardForcing.Native.Generation;

/// <summary>What will come of a video.</summary>
/// <param name="Frames">Frames, given ones included.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Latents">Shape of all its latents, <c>[1, F, C, H, W]</c>.</param>
internal sealed record SinkPlan(int Frames, int Height, int Width, long[] Latents);
