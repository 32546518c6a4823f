using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What a Wan VAE is trained on: pixels are to come back through a sample of their latents, which are to stay near a standard normal distribution.</summary>
/// <param name="Vae">The network in training.</param>
/// <remarks>
/// Wan 2.1 (arXiv 2503.20314), section 4.1, its first two losses: absolute difference and divergence. Latents are those of
/// <see cref="WanVae.EncodeMoments"/>, not normalised. An image is a video of one frame.
/// </remarks>
public sealed record VaeLoss(WanVae Vae)
{
    /// <summary>Weight of the divergence, beside a mean difference of pixels that are -1 to 1.</summary>
    public double KlWeight { get; init; } = 1e-4;

    /// <summary>
    /// Weight of the mean square difference. An absolute difference is least for the median, so what covers few pixels is painted over until the network knows
    /// exactly where it is; squares pull towards it from the start.
    /// </summary>
    public double SquareWeight { get; init; }

    /// <summary>Computes <c>mean|d| + square_weight · mean(d²) + kl_weight · divergence</c> with <c>d = decode(z) - video</c>, z drawn from the moments of the video.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="video">Frames in -1..1, <c>[B, T, H, W, 3]</c>; one frame, or one and whole groups of four.</param>
    /// <param name="noise">Standard normal, <c>[B, F, H/8, W/8, z]</c>; see <see cref="LatentShape"/>.</param>
    /// <returns>The loss and its two terms, <c>[]</c>, and the decoded frames, <c>[B, T, H, W, 3]</c>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit the network.</exception>
    public (Tensor Loss, Tensor Difference, Tensor Divergence, Tensor Decoded) Forward(Pass pass, Tensor video, Tensor noise)
    {
        _ = LatentShape(video.Shape);
        Tensor moments = Vae.EncodeMoments(pass, video);
        Tensor decoded = Vae.Decode(pass, Vae.Normalise(pass, LatentDistribution.Sample(pass, moments, noise)));
        Tensor error = LinearCombination.Forward(pass, DType.F32, (1, decoded), (-1, video));
        Tensor difference = MeanSize(pass, error);
        Tensor divergence = LatentDistribution.Divergence(pass, moments);
        (double, Tensor)[] terms = [(1, difference), (KlWeight, divergence)];
        if (SquareWeight > 0)
        {
            terms = [.. terms, (SquareWeight, Reduce.Mean(pass, Multiply.Forward(pass, error, error)))];
        }

        return (LinearCombination.Forward(pass, DType.F32, terms), difference, divergence, decoded);
    }

    /// <summary>The shape of the latents of a video.</summary>
    /// <param name="video"><c>[B, T, H, W, 3]</c>.</param>
    /// <exception cref="ArgumentException">Frames or pixels would be left over.</exception>
    public Shape LatentShape(Shape video)
    {
        (int time, int space) = (Vae.Config.TemporalScale, Vae.Config.SpatialScale);
        return video.Rank == 5 && video[1] >= 1 && (video[1] - 1) % time == 0 && video[2] % space == 0 && video[3] % space == 0
            ? new Shape(video[0], 1 + ((video[1] - 1) / time), video[2] / space, video[3] / space, Vae.Config.LatentChannels)
            : throw new ArgumentException($"vae loss: a video must be [B, T, H, W, 3] with T one more than a multiple of {time} and H and W divisible by {space}, got {video}.", nameof(video));
    }

    // |x| = max(x, 0) + max(-x, 0), whose slope at 0 is 0.
    private static Tensor MeanSize(Pass pass, Tensor x)
    {
        Tensor above = Unary.Forward(pass, x, Activation.Relu);
        Tensor below = Unary.Forward(pass, LinearCombination.Forward(pass, DType.F32, (-1, x)), Activation.Relu);
        return Reduce.Mean(pass, LinearCombination.Forward(pass, DType.F32, (1, above), (1, below)));
    }
}
