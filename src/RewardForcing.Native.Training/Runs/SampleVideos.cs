using System.Globalization;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Makes videos with a network while it is trained: always the same prompts and noise, so that progress is seen.</summary>
internal sealed class SampleVideos : IDisposable
{
    private const int MostPrompts = 4;
    private const int SheetFrames = 12;
    private const int PixelsPerLatent = 8;
    private const double FramesPerSecond = 16;
    private readonly TrainingSettings _settings;
    private readonly SampledNetwork _network;
    private readonly WanVae _vae;
    private readonly VideoOutput _output;
    private readonly string _folder;
    private readonly IReadOnlyList<string> _prompts;

    private SampleVideos(TrainingSettings settings, SampledNetwork network, WanVae vae, VideoOutput output, string folder, IReadOnlyList<string> prompts) =>
        (_settings, _network, _vae, _output, _folder, _prompts) = (settings, network, vae, output, folder, prompts);

    /// <summary>Opens the VAE of the network's folder.</summary>
    /// <param name="device">Where to decode.</param>
    /// <param name="settings">The run.</param>
    /// <param name="options">Where the videos go.</param>
    /// <param name="trainer">What is trained; null is returned where it makes no videos.</param>
    public static SampleVideos? Open(Device device, TrainingSettings settings, TrainingOptions options, Trainer trainer)
    {
        if (trainer.Sampled is not { } network)
        {
            return null;
        }

        IReadOnlyList<string> prompts = settings.SamplePrompts is { } file ? PromptFile.Read(file) : network.Prompts;
        WanVae vae = settings.Folder(settings.GeneratorName).LoadVae(device);
        return new SampleVideos(settings, network, vae, VideoOutput.Choose(VideoFormat.Mp4, options.Ffmpeg), Path.Combine(options.LogDir, "samples"), [.. prompts.Take(MostPrompts)]);
    }

    /// <summary>Makes a video and a contact sheet for each prompt.</summary>
    /// <param name="step">Steps made, for the files' names.</param>
    /// <param name="cancellation">Stops within a layer's time.</param>
    public IEnumerable<(string Sheet, Picture Picture)> Make(long step, CancellationToken cancellation)
    {
        for (int i = 0; i < _prompts.Count; i++)
        {
            string name = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{step:D6}-{i}"));
            string sheet = name + "-sheet.png";
            Make(name + _output.Extension, sheet, _prompts[i], (uint)i, cancellation).GetAwaiter().GetResult();
            yield return (sheet, PngReader.Read(sheet));
        }
    }

    /// <summary>Releases the VAE.</summary>
    public void Dispose() => _vae.Dispose();

    private async Task Make(string path, string sheet, string prompt, uint number, CancellationToken cancellation)
    {
        Shape latents = _settings.Latents;
        (int height, int width) = (latents[3] * PixelsPerLatent, latents[4] * PixelsPerLatent);
        using VideoPipeline pipeline = new(_network.Model, _vae.OpenDecoder, Generation());
        using PhiloxNoise noise = new(_settings.Seed, (int)number);
        GenerationRequest request = new()
        {
            Prompt = _network.Texts.Of(prompt, cancellation),
            NegativePrompt = pipeline.Settings.IsGuided ? _network.Texts.Of(_settings.Score.NegativePrompt, cancellation) : null,
            Noise = noise,
            LatentFrames = latents[1],
            Height = height,
            Width = width,
        };
        HashSet<int> chosen = [.. ContactSheet.Spread(1 + (4 * (latents[1] - 1)), SheetFrames)];
        List<ReadOnlyMemory<byte>> kept = [];
        Directory.CreateDirectory(_folder);
        using VideoWriter video = _output.Open(path, width, height, FramesPerSecond);
        await foreach (VideoChunk chunk in pipeline.GenerateAsync(request, null, cancellation).ConfigureAwait(false))
        {
            int size = height * width * 3;
            kept.AddRange(Enumerable.Range(0, chunk.Frames).Where(frame => chosen.Contains(chunk.FirstFrame + frame)).Select(frame => chunk.Rgb24.Slice(frame * size, size)));
            video.Append(chunk.Rgb24.Span);
        }

        video.Complete();
        ContactSheet.Write(sheet, width, height, kept);
    }

    private GenerationSettings Generation()
    {
        RolloutSettings rollout = _settings.Rollout;
        return new GenerationSettings
        {
            Sampler = _network.IsFewStep ? SamplerKind.FewStepCausal : _network.IsCausal ? SamplerKind.MultiStepCausal : SamplerKind.Bidirectional,
            DenoisingSteps = rollout.DenoisingSteps,
            WarpSteps = rollout.WarpsSteps,
            TimestepShift = rollout.StudentShift,
            ContextTimestep = rollout.ContextTimestep,
            FramesPerBlock = rollout.FramesPerBlock,
            IndependentFirstFrame = rollout.IndependentFirstFrame,
            CachePolicy = CachePolicy.RewardForcing with { WindowFrames = rollout.WindowFrames, SinkFrames = rollout.SinkFrames },
            Steps = _settings.SampleSteps,
            Guidance = (float)(1 + _settings.Score.TeacherGuidance),
            Type = _settings.Type,
        };
    }
}
