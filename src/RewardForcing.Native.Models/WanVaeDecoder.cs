using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Streams a video through the decoder of a Wan VAE.</summary>
internal sealed class WanVaeDecoder(WanVae vae) : ILatentDecoder
{
    private readonly VaeStream _stream = vae.OpenDecodeStream();

    public int LatentChannels => vae.Config.LatentChannels;

    public int SpatialScale => vae.Config.SpatialScale;

    public int FramesFor(int latentFrames)
    {
        int scale = vae.Config.TemporalScale;
        return _stream.Started || latentFrames == 0 ? scale * latentFrames : 1 + (scale * (latentFrames - 1));
    }

    public Tensor Decode(Pass pass, Tensor latents) => vae.Decode(pass, latents, _stream);

    public void Reset() => _stream.Reset();

    public void Dispose() => _stream.Dispose();
}
