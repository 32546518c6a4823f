using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Generation;

/// <summary>A decoder that costs nothing: every pixel of a frame is the latent's first value. Tells when it is called and can be made to fail.</summary>
internal sealed class FakeDecoder(Action<int>? called = null) : ILatentDecoder
{
    private bool _started;

    public int Calls { get; private set; }

    public bool IsDisposed { get; private set; }

    public int LatentChannels => 16;

    public int SpatialScale => 8;

    public int FramesFor(int latentFrames) => (4 * latentFrames) - (_started ? 0 : 3);

    public Tensor Decode(Pass pass, Tensor latents)
    {
        int call = Calls++;
        called?.Invoke(call);
        int frames = FramesFor(latents.Shape[1]);
        _started = true;
        Tensor video = pass.New(new Shape(latents.Shape[0], frames, 8 * latents.Shape[2], 8 * latents.Shape[3], 3));
        video.Span<float>().Fill(latents.ToFloats()[0]);
        return video;
    }

    public void Reset() => _started = false;

    public void Dispose() => IsDisposed = true;
}
