using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>From an encoded prompt to frames, which come out block by block while the rest of the video is still being made.</summary>
/// <remarks>
/// One thread makes latents while another decodes the block before. Between them wait at most one finished block and one chunk that
/// nobody has taken, so a slow reader holds the generation up rather than filling memory, and a causal video of any length needs the
/// memory of a short one: caches, one block, one chunk. Noise sources say what they keep. One pipeline makes one video at a time.
/// </remarks>
public sealed class VideoPipeline : IDisposable
{
    private const int SpatialScale = 8;

    private readonly WanTransformer _transformer;
    private readonly Func<ILatentDecoder>? _openDecoder;
    private readonly IDisposable[] _owned;
    private int _busy;

    /// <summary>Puts a pipeline together.</summary>
    /// <param name="transformer">The network that makes latents.</param>
    /// <param name="openDecoder">Makes the decoder of one video, as <see cref="WanVae.OpenDecoder"/> and <see cref="Taehv.OpenDecoder"/> do; null leaves latents undecoded.</param>
    /// <param name="settings">How latents are made.</param>
    /// <param name="owned">What is released with the pipeline; nothing for a caller who keeps the networks.</param>
    /// <exception cref="ArgumentException">The settings cannot work, or not with this network.</exception>
    public VideoPipeline(WanTransformer transformer, Func<ILatentDecoder>? openDecoder, GenerationSettings settings, params IDisposable[] owned)
    {
        settings.Validate();
        if (transformer.Config.IsImageToVideo && settings.Sampler != SamplerKind.Bidirectional)
        {
            throw new ArgumentException("pipeline: an image-to-video transformer makes whole videos in many steps; choose a solver with --sampler, or a text-to-video transformer.", nameof(settings));
        }

        (_transformer, _openDecoder, Settings, _owned) = (transformer, openDecoder, settings, owned);
    }

    /// <summary>How latents are made.</summary>
    public GenerationSettings Settings { get; }

    /// <summary>Times and memory of the last generation, complete once its enumeration has ended; null before the first.</summary>
    public GenerationReport? Report { get; private set; }

    /// <summary>Generates a video.</summary>
    /// <param name="request">What to generate; checked before anything is computed.</param>
    /// <param name="progress">Told of every step, from the threads that work; may be null.</param>
    /// <param name="cancellation">Stops within a layer's time; the memory is released before the enumeration throws.</param>
    /// <returns>Chunks in the order of the video; for several samples, the chunks of one block in the order of the samples.</returns>
    /// <exception cref="ArgumentException">The request cannot work with these networks; one sentence says what and why.</exception>
    public IAsyncEnumerable<VideoChunk> GenerateAsync(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default)
    {
        new RequestCheck(_transformer.Config, Settings, request, SpatialScale).Run();
        return Stream(request, progress, cancellation);
    }

    /// <summary>Releases what the pipeline owns.</summary>
    public void Dispose()
    {
        foreach (IDisposable item in _owned)
        {
            item.Dispose();
        }
    }

    private async IAsyncEnumerable<VideoChunk> Stream(
        GenerationRequest request, IProgress<GenerationProgress>? progress, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new InvalidOperationException("pipeline: a video is being generated already; one pipeline makes one video at a time.");
        }

        try
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Channel<VideoChunk> output = Channel.CreateBounded<VideoChunk>(new BoundedChannelOptions(1) { SingleReader = true });
            Device device = _transformer.Device;
            device.ResetPeak();
            DType drawn = Settings.Sampler == SamplerKind.Bidirectional ? DType.F32 : Settings.Type;
            NoiseShape shape = new(
                request.Samples, request.LatentFrames, _transformer.Config.OutChannels, request.Height / SpatialScale, request.Width / SpatialScale, drawn);
            GenerationClock clock = new(request.Samples);
            Action<GenerationStage, int, int> report = Reporter(request, progress, clock);
            using FrameDecoder decoder = new(device, _openDecoder?.Invoke(), Settings, shape, clock, report);
            LatentMaker maker = new(_transformer, Settings, request, shape, clock, report);
            GenerationRun run = new(device, maker, decoder, output.Writer, stop);
            Task work = run.Run(Settings.OverlapsDecoding ?? Environment.ProcessorCount > 1);
            try
            {
                await foreach (VideoChunk chunk in output.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    if (cancellation.IsCancellationRequested)
                    {
                        break;
                    }

                    yield return chunk;
                }
            }
            finally
            {
                // Also reached when the reader stops early: both threads have ended before their memory is released.
                await stop.CancelAsync().ConfigureAwait(false);
                await work.ConfigureAwait(false);
                Report = clock.Report(device.PeakBytes);
            }

            run.ThrowIfFailed(cancellation);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private Action<GenerationStage, int, int> Reporter(GenerationRequest request, IProgress<GenerationProgress>? progress, GenerationClock clock)
    {
        if (progress is null)
        {
            return static (_, _, _) => { };
        }

        int given = request.Given?.Frames ?? 0;
        int blocks = Settings.IsCausal ? new BlockPlan(Settings.FramesPerBlock, Settings.IndependentFirstFrame, given, request.LatentFrames).Blocks : 1;
        int steps = LatentMaker.StepsOf(Settings);
        int total = _openDecoder is null ? 0 : 1 + (4 * (given + request.LatentFrames - 1));
        int frames = 0;
        return (stage, block, count) =>
        {
            if (stage == GenerationStage.Decoded)
            {
                Volatile.Write(ref frames, count);
            }

            int step = stage switch
            {
                GenerationStage.Denoise => count,
                GenerationStage.BlockDone => steps,
                _ => 0,
            };
            progress.Report(new GenerationProgress(stage, block, blocks, step, steps, Volatile.Read(ref frames), total, clock.Elapsed));
        };
    }
}
