namespace RewardForcing.Native.Formats;

/// <summary>A picture in memory.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb24">Red, green and blue of every pixel, 0 to 255, row by row: <c>[H, W, 3]</c>.</param>
public sealed record Picture(int Width, int Height, byte[] Rgb24);
