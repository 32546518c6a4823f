using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Tests.Generation;

/// <summary>Passes noise on, keeps it, and can number blocks as if a video went on.</summary>
internal sealed class RecordingNoise(INoiseSource source, int firstBlock = 0) : INoiseSource
{
    private readonly Dictionary<string, float[]> _draws = [];
    private readonly List<(int First, int Frames, float[] Values)> _initial = [];
    private NoiseShape _shape;

    public int Draws => _draws.Count + _initial.Count;

    public void Begin(NoiseShape shape)
    {
        _shape = shape;
        source.Begin(shape);
    }

    public void Initial(int block, int firstFrame, int frames, Span<float> noise)
    {
        source.Initial(firstBlock + block, firstFrame, frames, noise);
        _initial.Add((firstFrame, frames, noise.ToArray()));
    }

    public void Renewal(int block, int step, int frames, Span<float> noise)
    {
        source.Renewal(firstBlock + block, step, frames, noise);
        _draws.Add($"in.block{block}.renoise{step}", noise.ToArray());
    }

    public void Save(string path)
    {
        float[] whole = [.. _initial.OrderBy(static part => part.First).SelectMany(static part => part.Values)];
        List<WritableTensor> tensors = [Tensor("in.noise", [_shape.Samples, _shape.Frames, _shape.Channels, _shape.Height, _shape.Width], whole)];
        foreach ((string name, float[] values) in _draws)
        {
            tensors.Add(Tensor(name, [values.Length / _shape.FrameSize, _shape.Channels, _shape.Height, _shape.Width], values));
        }

        SafetensorsWriter.Write(path, tensors);
    }

    public void Dispose() => source.Dispose();

    private static WritableTensor Tensor(string name, long[] shape, float[] values) =>
        new(name, ElementType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
}
