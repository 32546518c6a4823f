using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>A run of <c>generate</c>: everything is checked, then texts are encoded, networks loaded, and one video made after the other.</summary>
/// <remarks>
/// The text encoder, the largest network, is released before the others are loaded; those are loaded once. A run that is stopped leaves the
/// videos that are complete, and the next run goes on with the rest.
/// </remarks>
public sealed class VideoRun
{
    // "Shaking camera": what Wan puts before its negative prompt where videos start from images.
    private const string ImageNegativePrefix = "镜头晃动，";

    private readonly GenerateOptions _options;
    private readonly IProgress<RunEvent>? _tell;
    private readonly Func<string, Device> _open;
    private readonly RunConfig _config;
    private readonly Dictionary<string, PromptEmbedding> _texts = new(StringComparer.Ordinal);
    private readonly List<VideoReport> _made = [];
    private string _lastNotice = "";
    private PromptEmbedding? _negative;

    /// <summary>Prepares a run.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="tell">Told what happens; may be null.</param>
    /// <param name="open">Opens the device of a name, which the run disposes; null for <see cref="Devices.Open"/>.</param>
    /// <exception cref="ModelFormatException">The configuration is wrong.</exception>
    public VideoRun(GenerateOptions options, IProgress<RunEvent>? tell = null, Func<string, Device>? open = null)
    {
        (_options, _tell, _open) = (options, tell, open ?? (static name => Devices.Open(name)));
        _config = RunConfig.Read(options.ConfigPath);
        Notice(_config.Warning);
    }

    /// <summary>Makes the videos.</summary>
    /// <param name="cancellation">Stops within a layer's time.</param>
    /// <exception cref="Exception">Anything that stops the run; the message is one sentence. Complete videos stay.</exception>
    public async Task<RunReport> RunAsync(CancellationToken cancellation = default)
    {
        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<PromptLine> lines = PromptList.Read(_options);
        VideoOutput output = VideoOutput.Choose(_options.Format, _options.Ffmpeg);
        Notice(output.Notice);
        List<string> skipped = [];
        RunPlan plan = RunPlan.Make(_options, lines, output.Extension, skipped);
        skipped.ForEach(path => _tell?.Report(new RunEvent.Skipped(path)));
        RunReport report = new() { Device = _options.Device, Decoder = _options.UsesPreviewDecoder ? "taehv" : "vae", Type = _options.Type, Seed = _options.NoiseFile is null ? _options.Seed : null, Skipped = skipped };
        if (plan.Tasks.Any(static task => task.IsWanted))
        {
            WritableFolder.Require(_options.OutputFolder, _options.LatentFile, _options.ReportPath);
            report = await MakeAll(plan, output, report, cancellation).ConfigureAwait(false);
        }

        using Process process = Process.GetCurrentProcess();
        report = report with { Videos = _made, TotalSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds, PeakProcessBytes = process.PeakWorkingSet64 };
        if (_options.ReportPath is { } path)
        {
            WholeFile.Write(path, report.WriteJson);
        }

        return report;
    }

    private async Task<RunReport> MakeAll(RunPlan plan, VideoOutput output, RunReport report, CancellationToken cancellation)
    {
        using RunNoise noise = new(_options);
        ModelFolder folder = ModelFolder.Open(_options.ModelFolder ?? _config.ModelRoot);
        using Device device = _open(_options.Device);
        using RunNetworks networks = new(device, folder, _options);
        GenerationSettings settings = RunSettings.Of(_options, _config, networks.Config);
        Advise(settings, networks);
        RunStarts starts = new(_options, _config, networks, settings);
        if (_options is { ImagePath: null, ExtendPath: null, IsImageDataset: false })
        {
            _ = starts.Of(plan.Tasks[0].Line, Stage, cancellation);
        }

        MemoryPlan? memory = device.IsHost ? null : PlanMemory(networks, device);
        double textSeconds = Encode(folder, device, plan, settings, networks, cancellation);
        long textPeak = device.PeakBytes;
        Stage($"loading {networks.TransformerPath}");
        _ = networks.Transformer(_tell, cancellation);
        _ = networks.Decoder(cancellation);
        MakeContext context = new(output, networks, noise, 0, plan.Tasks.Count(static task => task.IsWanted));
        foreach (VideoTask task in plan.Tasks.Where(task => task.IsWanted || _options.UsesTorchRandom))
        {
            cancellation.ThrowIfCancellationRequested();
            VideoSetup setup = starts.Of(task.Line, Stage, cancellation);
            if (task.IsWanted)
            {
                context = context with { Number = context.Number + 1 };
                await Make(task, setup, context, cancellation).ConfigureAwait(false);
            }
            else
            {
                noise.Skip(setup.Noise(task.Paths.Count, networks.Config.OutChannels), setup.Settings, setup.Blocks());
            }
        }

        return report with { Settings = settings, Transformer = networks.TransformerPath, LoadSeconds = networks.LoadSeconds, TextSeconds = textSeconds, TextPeakDeviceBytes = textPeak, Memory = memory };
    }

    private MemoryPlan PlanMemory(RunNetworks networks, Device device)
    {
        RunMemory memory = new(_config, networks, device);
        MemoryPlan plan = memory.Plan(_options);
        MemoryCheck.Require(_options, _config, plan, memory.Plan, File.Exists(networks.PreviewPath));
        _tell?.Report(new RunEvent.Memory(plan));
        return plan;
    }

    private void Advise(GenerationSettings settings, RunNetworks networks)
    {
        if (settings.IsFewStep && _options.CheckpointPath is null && _options.Sampler is null)
        {
            Notice($"Without --checkpoint_path the few-step sampler runs on {networks.TransformerPath}; for the published Wan models, which are not distilled, add --sampler unipc.");
        }
    }

    private double Encode(ModelFolder folder, Device device, RunPlan plan, GenerationSettings settings, RunNetworks networks, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        string negative = _options.NegativePrompt ?? _config.NegativePrompt ?? RunConfig.Read(null).NegativePrompt!;
        if (networks.Config.IsImageToVideo && _options.NegativePrompt is null && _config.Path is null)
        {
            negative = ImageNegativePrefix + negative;
        }

        string[] texts = [.. plan.Tasks.Where(static task => task.IsWanted).Select(static task => task.Line.Text).Concat(settings.IsGuided ? [negative] : []).Distinct(StringComparer.Ordinal)];
        Stage(texts.Length == 1 ? "encoding the prompt" : $"encoding {texts.Length} prompts");
        PromptEmbedding[] encoded = folder.EncodePrompts(device, texts, settings.Type, networks.Config.TextTokens, networks.Weights, cancellation);
        for (int i = 0; i < texts.Length; i++)
        {
            _texts[texts[i]] = encoded[i];
        }

        _negative = settings.IsGuided ? _texts[negative] : null;
        device.TrimPool();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task Make(VideoTask task, VideoSetup setup, MakeContext context, CancellationToken cancellation)
    {
        using INoiseSource noise = context.Noise.For(task);
        using VideoPipeline pipeline = new(context.Networks.Transformer(_tell, cancellation), context.Networks.Decoder(cancellation), setup.Settings);
        Teller progress = new(state => _tell?.Report(new RunEvent.Progress(task.Names[0], context.Number, context.Count, state)));
        GenerationRequest request = new()
        {
            Prompt = _texts[task.Line.Text],
            NegativePrompt = _negative,
            Noise = noise,
            LatentFrames = setup.NewFrames,
            Height = setup.Height,
            Width = setup.Width,
            Given = setup.Given,
            Image = setup.Guide,
            Samples = task.Paths.Count,
        };
        IAsyncEnumerable<VideoChunk> chunks = pipeline.GenerateAsync(request, progress, cancellation);
        var sinks = new VideoSink?[task.Paths.Count];
        try
        {
            Open(sinks, task, setup, context);
            await foreach (VideoChunk chunk in chunks.ConfigureAwait(false))
            {
                sinks[chunk.Sample]?.Append(chunk);
            }

            foreach (VideoSink sink in sinks.OfType<VideoSink>())
            {
                sink.Complete();
            }
        }
        finally
        {
            Array.ForEach(sinks, static sink => sink?.Dispose());
        }

        VideoSink[] written = [.. sinks.OfType<VideoSink>()];
        VideoReport report = new(
            task.Line.Index, task.Line.Text, [.. written.Select(static sink => sink.Path)], [.. written.SelectMany(static sink => sink.Extras)], setup.Height, setup.Width, pipeline.Report!);
        _made.Add(report);
        _tell?.Report(new RunEvent.Written(report));
    }

    private void Open(VideoSink?[] sinks, VideoTask task, VideoSetup setup, MakeContext context)
    {
        SinkPlan plan = new(setup.Frames, setup.Height, setup.Width, setup.LatentShape(context.Networks.Config.OutChannels));
        bool isAlone = context.Count == 1 && task.Paths.Count == 1;
        for (int i = 0; i < sinks.Length; i++)
        {
            if (!task.Wanted[i])
            {
                continue;
            }

            string? sheet = _options.WritesContactSheet ? VideoSink.SheetOf(_options.OutputFolder, task.Names[i]) : null;
            string? latentFile = _options.LatentFile is null || isAlone ? _options.LatentFile : VideoSink.LatentsOf(_options.LatentFile, task.Names[i]);
            Dictionary<string, string> metadata = new()
            {
                ["prompt"] = task.Line.Text,
                ["sample"] = (task.FirstSample + i).ToString(CultureInfo.InvariantCulture),
                ["seed"] = _options.Seed.ToString(CultureInfo.InvariantCulture),
                ["sampler"] = setup.Settings.Sampler.ToString(),
            };
            sinks[i] = new VideoSink(context.Output, task.Paths[i], _options.Fps, plan, sheet, latentFile, metadata);
            Notice(sinks[i]!.Notice);
        }
    }

    // The same sentence about every video of a run is said once.
    private void Notice(string? sentence)
    {
        if (sentence is not null && sentence != _lastNotice)
        {
            _lastNotice = sentence;
            _tell?.Report(new RunEvent.Notice(sentence));
        }
    }

    private void Stage(string text) => _tell?.Report(new RunEvent.Stage(text));

    private sealed record MakeContext(VideoOutput Output, RunNetworks Networks, RunNoise Noise, int Number, int Count);

    // Reports on the thread that works, so that nothing is told after the end.
    private sealed class Teller(Action<GenerationProgress> tell) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => tell(value);
    }
}
