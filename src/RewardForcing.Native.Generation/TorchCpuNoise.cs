using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Noise in the order and with the numbers of the reference on PyTorch's CPU generator: first that of the whole video, then each block's draws.</summary>
/// <remarks>
/// As in the reference, one generator runs through all videos of a process, so a video depends on those before it. The noise of a whole
/// video, <c>B · F · C · H · W</c> floats, is kept until it is used; this is the one source whose memory grows with the length
/// (399 KB for each latent frame at 480 x 832). Spec: models 5.2.
/// </remarks>
public sealed class TorchCpuNoise : INoiseSource
{
    private readonly TorchCpuRandom _random;
    private float[] _whole = [];
    private NoiseShape _shape;

    /// <summary>Makes a source.</summary>
    /// <param name="random">The generator of the process, seeded once.</param>
    public TorchCpuNoise(TorchCpuRandom random) => _random = random;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The noise of the whole video does not fit in one array.</exception>
    public void Begin(NoiseShape shape)
    {
        long count = (long)shape.Samples * shape.Frames * shape.FrameSize;
        if (count > Array.MaxLength)
        {
            throw new ArgumentException($"torch-cpu noise: the noise of {shape.Samples} x {shape.Frames} latent frames is drawn at once and does not fit in memory; use the default generator.", nameof(shape));
        }

        _shape = shape;
        _whole = new float[count];
        Draw(_whole);
    }

    /// <inheritdoc/>
    public void Initial(int block, int firstFrame, int frames, Span<float> noise)
    {
        int size = frames * _shape.FrameSize;
        for (int sample = 0; sample < _shape.Samples; sample++)
        {
            int from = ((sample * _shape.Frames) + firstFrame) * _shape.FrameSize;
            _whole.AsSpan(from, size).CopyTo(noise[(sample * size)..]);
        }
    }

    /// <inheritdoc/>
    public void Renewal(int block, int step, int frames, Span<float> noise) => Draw(noise[.._shape.Count(frames)]);

    /// <inheritdoc/>
    public void Dispose() => _whole = [];

    private void Draw(Span<float> values)
    {
        if (_shape.Type == DType.BF16)
        {
            _random.NormalBf16(values);
        }
        else
        {
            _random.Normal(values);
        }
    }
}
