namespace RewardForcing.Native.Generation;

/// <summary>Latent frames in host memory: the start of a video that is to be continued.</summary>
public sealed class LatentFrames
{
    /// <summary>Wraps values.</summary>
    /// <param name="frames">Latent frames, F.</param>
    /// <param name="channels">Channels, C.</param>
    /// <param name="height">Rows, H.</param>
    /// <param name="width">Columns, W.</param>
    /// <param name="values">Normalised latents, <c>[F, C, H, W]</c>.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the extents.</exception>
    public LatentFrames(int frames, int channels, int height, int width, ReadOnlyMemory<float> values)
    {
        if (frames < 1 || channels < 1 || height < 1 || width < 1 || values.Length != (long)frames * channels * height * width)
        {
            throw new ArgumentException($"latents: expected {frames} x {channels} x {height} x {width} values, got {values.Length}.", nameof(values));
        }

        (Frames, Channels, Height, Width, Values) = (frames, channels, height, width, values);
    }

    /// <summary>Latent frames.</summary>
    public int Frames { get; }

    /// <summary>Channels.</summary>
    public int Channels { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Normalised latents, <c>[F, C, H, W]</c>.</summary>
    public ReadOnlyMemory<float> Values { get; }
}
