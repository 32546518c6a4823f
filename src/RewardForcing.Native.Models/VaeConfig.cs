using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Models;

/// <summary>Sizes of a Wan VAE. All but the latent statistics follow from the shapes of a checkpoint.</summary>
/// <remarks>Spec: models 6.1 and 6.5.</remarks>
public sealed record VaeConfig
{
    /// <summary>The VAE of Wan 2.1 (<c>Wan2.1_VAE.pth</c>).</summary>
    public static VaeConfig Wan21 { get; } = new();

    /// <summary>Channels at full resolution.</summary>
    public int Dim { get; init; } = 96;

    /// <summary>Channels of a latent.</summary>
    public int LatentChannels { get; init; } = 16;

    /// <summary>Channels of each level as multiples of <see cref="Dim"/>; from one level to the next, height and width halve.</summary>
    public IReadOnlyList<int> Multipliers { get; init; } = [1, 2, 4, 4];

    /// <summary>Residual blocks of each encoder level; decoder levels have one more.</summary>
    public int ResidualBlocks { get; init; } = 2;

    /// <summary>Whether the step from one level to the next halves time too, in the order of the encoder.</summary>
    public IReadOnlyList<bool> TemporalDownsample { get; init; } = [false, true, true];

    /// <summary>Mean of each latent channel, at least <see cref="LatentChannels"/> of them.</summary>
    public IReadOnlyList<float> LatentMean { get; init; } =
        [-0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f, 0.4134f, -0.0715f, 0.5517f, -0.3632f, -0.1922f, -0.9497f, 0.2503f, -0.2921f];

    /// <summary>Standard deviation of each latent channel, at least <see cref="LatentChannels"/> of them.</summary>
    public IReadOnlyList<float> LatentStd { get; init; } =
        [2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f, 3.2687f, 2.1526f, 2.8652f, 1.5579f, 1.6382f, 1.1253f, 2.8251f, 1.9160f];

    /// <summary>Pixels for each latent position, in both directions.</summary>
    public int SpatialScale => 1 << (Multipliers.Count - 1);

    /// <summary>Frames for each latent but the first, which stands for one frame.</summary>
    public int TemporalScale => 1 << TemporalDownsample.Count(static halves => halves);

    /// <summary>Derives the sizes from the shapes of a checkpoint in either layout; <see cref="Wan21"/> for a file that is no Wan VAE, whose loading then lists what is missing.</summary>
    /// <param name="archive">The checkpoint.</param>
    public static VaeConfig FromShapes(TensorArchive archive)
    {
        bool diffusers = WanVaeKeyMap.IsDiffusers(archive);
        string blocks = diffusers ? "encoder.down_blocks" : "encoder.downsamples";
        string convolution = diffusers ? "conv1.weight" : "residual.2.weight";
        int dim = Extent(archive, diffusers ? "encoder.conv_in.weight" : "encoder.conv1.weight");
        int latent = Extent(archive, diffusers ? "post_quant_conv.weight" : "conv2.weight");
        List<int> multipliers = [];
        List<bool> temporal = [];
        int residuals = 0;
        int inLevel = 0;
        int width = 0;
        for (int i = 0; dim > 0; i++)
        {
            if (Extent(archive, $"{blocks}.{i}.{convolution}") is int output and > 0)
            {
                width = output;
                inLevel++;
            }
            else
            {
                multipliers.Add(width / dim);
                residuals = Math.Max(residuals, inLevel);
                inLevel = 0;
                if (Extent(archive, $"{blocks}.{i}.resample.1.weight") == 0)
                {
                    break;
                }

                temporal.Add(Extent(archive, $"{blocks}.{i}.time_conv.weight") > 0);
            }
        }

        return latent == 0 || residuals == 0 || multipliers.Contains(0) ? Wan21
            : new VaeConfig { Dim = dim, LatentChannels = latent, Multipliers = multipliers, ResidualBlocks = residuals, TemporalDownsample = temporal };
    }

    /// <summary>Refuses sizes no network can have.</summary>
    /// <exception cref="ArgumentException">A size is out of range, or statistics of a latent channel are missing.</exception>
    public void Validate()
    {
        Require(Dim > 0 && LatentChannels > 0 && ResidualBlocks > 0, $"width, latent channels and residual blocks must be positive, got {Dim}, {LatentChannels} and {ResidualBlocks}");
        Require(Multipliers.Count is > 0 and <= 8 && Multipliers.All(static m => m > 0), "expected 1 to 8 positive multipliers");
        Require(TemporalDownsample.Count == Multipliers.Count - 1, $"{Multipliers.Count} levels need {Multipliers.Count - 1} temporal steps, got {TemporalDownsample.Count}");
        Require(LatentMean.Count >= LatentChannels && LatentStd.Count >= LatentChannels, $"mean and deviation of {LatentChannels} latent channels are needed, got {LatentMean.Count} and {LatentStd.Count}");
    }

    private static void Require(bool condition, string sentence)
    {
        if (!condition)
        {
            throw new ArgumentException($"wan_vae: {sentence}.");
        }
    }

    private static int Extent(TensorArchive archive, string name) =>
        archive.TryGet(name, out TensorEntry? entry) && entry.Shape.Length > 0 && entry.Shape[0] is > 0 and <= int.MaxValue ? (int)entry.Shape[0] : 0;
}
