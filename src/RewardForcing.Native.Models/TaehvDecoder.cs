using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Streams a video through a TAEHV decoder: without the frames that stand for nothing, and in -1..1.</summary>
internal sealed class TaehvDecoder(Taehv network) : ILatentDecoder
{
    private readonly VaeStream _stream = network.OpenStream();

    public int LatentChannels => network.Config.LatentChannels;

    public int SpatialScale => Taehv.SpatialScale;

    public int FramesFor(int latentFrames) =>
        (Taehv.FramesPerLatent * latentFrames) - (_stream.Started || latentFrames == 0 ? 0 : Taehv.WarmUpFrames);

    public Tensor Decode(Pass pass, Tensor latents)
    {
        bool first = !_stream.Started;
        using Scope scope = pass.BeginScope();
        Tensor frames = network.Decode(pass, latents, _stream);
        if (first)
        {
            frames = Narrow.Forward(pass, frames, 1, Taehv.WarmUpFrames, frames.Shape[1] - Taehv.WarmUpFrames);
        }

        return scope.Keep(network.Centre(pass, frames));
    }

    public void Reset() => _stream.Reset();

    public void Dispose() => _stream.Dispose();
}
