namespace RewardForcing.Native.Ops;

/// <summary>Positions of video tokens: frame-major, then rows, then columns.</summary>
/// <param name="Frames">Latent frames.</param>
/// <param name="Height">Rows of the token grid.</param>
/// <param name="Width">Columns of the token grid.</param>
/// <param name="StartFrame">Temporal position of the first frame; any non-negative number.</param>
public readonly record struct RopeGrid(int Frames, int Height, int Width, long StartFrame = 0)
{
    /// <summary>Tokens of one frame.</summary>
    public int TokensPerFrame => Height * Width;

    /// <summary>Tokens of all frames.</summary>
    public int Tokens => Frames * Height * Width;
}
