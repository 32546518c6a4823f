using System.Diagnostics;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Turns the latents of one video into frames, a few latents at a time. Belongs to one thread.</summary>
internal sealed class FrameDecoder(
    Device device, ILatentDecoder? decoder, GenerationSettings settings, NoiseShape shape, GenerationClock clock, Action<GenerationStage, int, int> report) : IDisposable
{
    private int _index;
    private int _frames;

    /// <summary>Decodes a block; however long it is, at most a block's usual frames are decoded at once.</summary>
    /// <param name="block">The latents.</param>
    /// <param name="emit">Takes the chunks; may wait.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    public void Decode(FinishedBlock block, Action<VideoChunk> emit, CancellationToken cancellation)
    {
        for (int at = 0; at < block.Frames;)
        {
            int count = Math.Min(settings.FramesPerBlock, block.Frames - at);
            float[] latents = count == block.Frames ? block.Values : LatentLayout.Frames(shape, block.Values, block.Frames, at, count);
            long started = Stopwatch.GetTimestamp();
            (byte[][] rgb, Shape video) = Decode(latents, count, cancellation);
            double seconds = GenerationClock.SecondsSince(started);
            clock.Decoded(block.Block, video[1], seconds);
            int first = _frames;
            _frames += video[1];
            report(GenerationStage.Decoded, block.Block, _frames);
            int size = count * shape.FrameSize;
            for (int sample = 0; sample < shape.Samples; sample++)
            {
                LatentFrames own = new(count, shape.Channels, shape.Height, shape.Width, latents.AsMemory(sample * size, size));
                emit(new VideoChunk(
                    _index, block.Block, sample, first, video[1], video[2], video[3], rgb[sample], own, block.FirstLatent + at, at == 0 ? block.DenoiseSeconds : 0, seconds));
            }

            _index++;
            at += count;
        }
    }

    public void Dispose() => decoder?.Dispose();

    private (byte[][] Rgb, Shape Video) Decode(float[] latents, int count, CancellationToken cancellation)
    {
        var rgb = new byte[shape.Samples][];
        if (decoder is null)
        {
            Array.Fill(rgb, []);
            return (rgb, new Shape(shape.Samples, 0, 0, 0, 3));
        }

        using Pass pass = Pass.Inference(device, cancellation);
        Tensor frames = ToFrames.Forward(pass, decoder.Decode(pass, LatentLayout.ToDecoder(pass, shape, count, latents, settings.Type)));
        for (int sample = 0; sample < rgb.Length; sample++)
        {
            rgb[sample] = pass.Entry(frames, sample).ToArray<byte>();
        }

        return (rgb, frames.Shape);
    }
}
