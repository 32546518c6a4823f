using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Turns the latents of a video into frames, block by block; what the next block needs of earlier ones is kept inside.</summary>
/// <remarks>One instance decodes one video at a time and belongs to one thread at a time. Disposing it releases what it keeps, not the network.</remarks>
public interface ILatentDecoder : IDisposable
{
    /// <summary>Channels of a latent.</summary>
    int LatentChannels { get; }

    /// <summary>Pixels for each latent position, in both directions.</summary>
    int SpatialScale { get; }

    /// <summary>How many frames the next call gives.</summary>
    /// <param name="latentFrames">Latent frames of the next call.</param>
    int FramesFor(int latentFrames);

    /// <summary>Decodes the next latents of the video.</summary>
    /// <param name="pass">Where to run; cancellation is looked at between latents.</param>
    /// <param name="latents">Normalised latents, <c>[B, F, H, W, C]</c>, F32 or BF16.</param>
    /// <returns>Frames, <c>[B, P, H·s, W·s, 3]</c> of the same type, about -1 to 1; values beyond are cut off by <c>ToFrames</c>.</returns>
    /// <exception cref="ArgumentException">The shape does not fit the network or the video's earlier latents.</exception>
    /// <exception cref="InvalidOperationException">An earlier call was stopped half way; call <see cref="Reset"/>.</exception>
    Tensor Decode(Pass pass, Tensor latents);

    /// <summary>Forgets the video, so that the next call starts another one.</summary>
    void Reset();
}
