using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>What noise a video needs.</summary>
/// <param name="Samples">Videos generated together, B.</param>
/// <param name="Frames">Latent frames to generate, F; given frames need no noise.</param>
/// <param name="Channels">Latent channels, C.</param>
/// <param name="Height">Latent rows, H.</param>
/// <param name="Width">Latent columns, W.</param>
/// <param name="Type">F32 or BF16: the type the reference would draw in.</param>
public readonly record struct NoiseShape(int Samples, int Frames, int Channels, int Height, int Width, DType Type)
{
    /// <summary>Values of one latent frame of one sample.</summary>
    public int FrameSize => checked(Channels * Height * Width);

    /// <summary>Values of some frames of all samples, <c>[B, f, C, H, W]</c>.</summary>
    /// <param name="frames">Latent frames.</param>
    public int Count(int frames) => checked(Samples * frames * FrameSize);
}
