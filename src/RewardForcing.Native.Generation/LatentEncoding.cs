using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Encodes an image, or a video to be continued, to the latents a generation starts with. Memory does not depend on the length.</summary>
public static class LatentEncoding
{
    private const int Channels = 3;

    /// <summary>Encodes frames as they are stored in image files.</summary>
    /// <param name="vae">The autoencoder.</param>
    /// <param name="rgb24">Frames, <c>[T, H, W, 3]</c>, 0 to 255.</param>
    /// <param name="frames">Frames, T: 1 for an image, 1 more than a multiple of 4 for a video.</param>
    /// <param name="height">Rows, H, a multiple of 16.</param>
    /// <param name="width">Columns, W, a multiple of 16.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    /// <exception cref="ArgumentException">The extents do not fit each other or the network.</exception>
    public static LatentFrames Encode(
        WanVae vae, ReadOnlySpan<byte> rgb24, int frames, int height, int width, DType type = DType.F32, CancellationToken cancellation = default)
    {
        var video = new float[rgb24.Length];
        for (int i = 0; i < video.Length; i++)
        {
            // As the reference: to 0..1 first, then to -1..1, in float.
            video[i] = ((rgb24[i] / 255f) - 0.5f) / 0.5f;
        }

        return Encode(vae, video, frames, height, width, type, cancellation);
    }

    /// <summary>Encodes frames.</summary>
    /// <param name="vae">The autoencoder.</param>
    /// <param name="video">Frames, <c>[T, H, W, 3]</c>, -1 to 1.</param>
    /// <param name="frames">Frames, T: 1 for an image, 1 more than a multiple of 4 for a video.</param>
    /// <param name="height">Rows, H, a multiple of 16.</param>
    /// <param name="width">Columns, W, a multiple of 16.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    /// <returns>One latent frame for the first frame and one for each further four.</returns>
    /// <exception cref="ArgumentException">The extents do not fit each other or the network.</exception>
    public static LatentFrames Encode(
        WanVae vae, ReadOnlySpan<float> video, int frames, int height, int width, DType type = DType.F32, CancellationToken cancellation = default)
    {
        (int group, int scale, int channels) = (vae.Config.TemporalScale, vae.Config.SpatialScale, vae.Config.LatentChannels);
        if (frames < 1 || height < scale || width < scale || height % scale != 0 || width % scale != 0 || video.Length != (long)frames * height * width * Channels)
        {
            throw new ArgumentException($"encode: expected [T, H, W, 3] with height and width divisible by {scale}, got {video.Length} values for {frames} x {height} x {width} pixels.", nameof(video));
        }

        if ((frames - 1) % group != 0)
        {
            throw new ArgumentException($"encode: a video to be continued must have 1 more than a multiple of {group} frames, got {frames}; cut it to {frames - ((frames - 1) % group)}.", nameof(frames));
        }

        int frameSize = height * width * Channels;
        int latents = 1 + ((frames - 1) / group);
        int latentSize = channels * (height / scale) * (width / scale);
        var values = new float[latents * latentSize];
        using VaeStream stream = vae.OpenEncodeStream();
        for (int latent = 0; latent < latents; latent++)
        {
            (int first, int count) = latent == 0 ? (0, 1) : (1 + (group * (latent - 1)), group);
            using Pass pass = Pass.Inference(vae.Device, cancellation);
            Tensor piece = pass.From(new Shape(1, count, height, width, Channels), video.Slice(first * frameSize, count * frameSize));
            Tensor encoded = vae.Encode(pass, Cast.Forward(pass, piece, type), stream);
            Permute.Forward(pass, encoded, 0, 1, 4, 2, 3).ToFloats().CopyTo(values, latent * latentSize);
        }

        return new LatentFrames(latents, channels, height / scale, width / scale, values);
    }
}
