using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Noise from the counter-based generator: each draw depends on its own place only, not on what was generated before it.</summary>
/// <remarks>
/// The key is the seed. Element e of sample b in a draw (frames before channels, from 0) is number <c>e mod 4</c> of
/// <see cref="Philox.Normals"/> with counter word 0 = <c>e / 4</c>, word 1 = <c>65536 b + s</c> where s is 0 for the initial noise and
/// <c>1 + step</c> for a re-noising draw, word 2 = the block, word 3 = the prompt. BF16 numbers are those of F32, rounded. Nothing is
/// kept, whatever the length of the video; a sample is the same whether it is generated alone or among others.
/// </remarks>
public sealed class PhiloxNoise : INoiseSource
{
    private readonly ulong _seed;
    private readonly uint _firstSample;
    private uint _prompt;
    private bool _started;
    private NoiseShape _shape;

    /// <summary>Makes a source.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="prompt">Number of the first video's prompt; each further <see cref="Begin"/> is for the next prompt.</param>
    /// <param name="firstSample">Number of the first sample, for those who generate the samples of a prompt in several calls.</param>
    public PhiloxNoise(ulong seed, int prompt = 0, int firstSample = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        _seed = seed;
        _prompt = (uint)prompt;
        _firstSample = (uint)firstSample;
    }

    /// <inheritdoc/>
    public void Begin(NoiseShape shape)
    {
        _prompt = _started ? _prompt + 1 : _prompt;
        _started = true;
        _shape = shape;
    }

    /// <inheritdoc/>
    public void Initial(int block, int firstFrame, int frames, Span<float> noise) => Draw(block, 0, frames, noise);

    /// <inheritdoc/>
    public void Renewal(int block, int step, int frames, Span<float> noise) => Draw(block, step + 1, frames, noise);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Draw(int block, int stage, int frames, Span<float> noise)
    {
        int size = frames * _shape.FrameSize;
        for (int sample = 0; sample < _shape.Samples; sample++)
        {
            Span<float> values = noise.Slice(sample * size, size);
            Philox.Normals(values, checked(((_firstSample + (uint)sample) << 16) | (ushort)stage), (uint)block, _prompt, _seed);
            if (_shape.Type == DType.BF16)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)(BFloat16)values[i];
                }
            }
        }
    }
}
