using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>What a video starts from, and what follows from it.</summary>
/// <param name="Settings">How latents are made.</param>
/// <param name="NewFrames">Latent frames to generate.</param>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Columns of pixels.</param>
/// <param name="Given">Latents the video starts with; null for none.</param>
/// <param name="Guide">The image of image-to-video transformers; null for others.</param>
internal sealed record VideoSetup(GenerationSettings Settings, int NewFrames, int Height, int Width, LatentFrames? Given, ImageGuide? Guide)
{
    private const int SpatialScale = 8;
    private const int TemporalScale = 4;

    // 7 days at 16 frames a second; far below where counts of frames stop being whole numbers.
    private const int MostFrames = 2_419_200;

    /// <summary>All latent frames, given ones included.</summary>
    public int LatentFrames => NewFrames + GivenFrames;

    /// <summary>All frames of pixels.</summary>
    public int Frames => 1 + (TemporalScale * (LatentFrames - 1));

    private int GivenFrames => Given?.Frames ?? 0;

    /// <summary>Refuses sizes and lengths that cannot work, before time is spent.</summary>
    /// <exception cref="ArgumentException">One sentence says what fits.</exception>
    public void Check()
    {
        const int Multiple = 2 * SpatialScale;
        if (Height < Multiple || Width < Multiple || Height % Multiple != 0 || Width % Multiple != 0)
        {
            throw new ArgumentException($"--height and --width must be multiples of {Multiple}, got {Height} x {Width}.");
        }

        if (NewFrames < 1)
        {
            throw new ArgumentException($"--num_output_frames must leave at least 1 latent frame to generate, got {LatentFrames} of which {GivenFrames} are given.");
        }

        if (LatentFrames > MostFrames)
        {
            throw new ArgumentException($"--num_output_frames must be at most {MostFrames}, a week of video; got {LatentFrames}.");
        }

        _ = Blocks();
    }

    /// <summary>The blocks; null for a video that is made at once.</summary>
    /// <exception cref="ArgumentException">The frames cannot be cut into blocks.</exception>
    public BlockPlan? Blocks() => Settings.IsCausal ? new BlockPlan(Settings.FramesPerBlock, Settings.IndependentFirstFrame, GivenFrames, NewFrames) : null;

    /// <summary>The noise it needs.</summary>
    /// <param name="samples">Samples made together.</param>
    /// <param name="channels">Latent channels.</param>
    public NoiseShape Noise(int samples, int channels) =>
        new(samples, NewFrames, channels, Height / SpatialScale, Width / SpatialScale, Settings.Sampler == SamplerKind.Bidirectional ? DType.F32 : Settings.Type);

    /// <summary>Shape of its latents in a file, <c>[1, F, C, H, W]</c>.</summary>
    /// <param name="channels">Latent channels.</param>
    public long[] LatentShape(int channels) => [1, LatentFrames, channels, Height / SpatialScale, Width / SpatialScale];
}
