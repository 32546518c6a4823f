using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Gives every video of a run its noise.</summary>
internal sealed class RunNoise : IDisposable
{
    private readonly ulong _seed;
    private readonly TorchCpuNoise? _torch;
    private readonly string? _file;

    /// <summary>Makes the sources.</summary>
    /// <param name="options">Which.</param>
    /// <exception cref="ModelFormatException">The file of noise is damaged or holds none.</exception>
    public RunNoise(GenerateOptions options)
    {
        (_seed, _file) = (options.Seed, options.NoiseFile);
        _torch = options.UsesTorchRandom ? new TorchCpuNoise(new TorchCpuRandom(options.Seed)) : null;
        if (_file is not null)
        {
            new ReplayNoise(TensorArchive.Open(_file)).Dispose();
        }
    }

    /// <summary>The source of a video; the caller disposes it.</summary>
    public INoiseSource For(VideoTask task) =>
        _file is not null ? new ReplayNoise(TensorArchive.Open(_file))
        : _torch is not null ? new Kept(_torch)
        : new PhiloxNoise(_seed, task.Line.Index, task.FirstSample);

    /// <summary>
    /// Draws what a video that is not made would have drawn. PyTorch's generator runs on through all videos, so those after it would else be
    /// others than in a run that makes all; the other sources keep no state.
    /// </summary>
    /// <param name="shape">The video.</param>
    /// <param name="settings">How it would be made.</param>
    /// <param name="plan">Its blocks; null for a video that is made at once.</param>
    public void Skip(NoiseShape shape, GenerationSettings settings, BlockPlan? plan)
    {
        if (_torch is null)
        {
            return;
        }

        _torch.Begin(shape);
        int renewals = settings.IsFewStep ? LatentMaker.StepsOf(settings) - 1 : 0;
        for (int block = 0; block < (plan?.Blocks ?? 1); block++)
        {
            int frames = plan?.FramesOf(block) ?? shape.Frames;
            var noise = new float[shape.Count(frames)];
            for (int step = 0; step < renewals; step++)
            {
                _torch.Renewal(block, step, frames, noise);
            }
        }
    }

    /// <summary>Releases the generator.</summary>
    public void Dispose() => _torch?.Dispose();

    // The generator of the whole run, which no single video may dispose.
    private sealed class Kept(TorchCpuNoise noise) : INoiseSource
    {
        public void Begin(NoiseShape shape) => noise.Begin(shape);

        public void Initial(int block, int firstFrame, int frames, Span<float> values) => noise.Initial(block, firstFrame, frames, values);

        public void Renewal(int block, int step, int frames, Span<float> values) => noise.Renewal(block, step, frames, values);

        public void Dispose()
        {
        }
    }
}
