using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>The networks of a run, loaded once for all its videos.</summary>
internal sealed class RunNetworks : IDisposable
{
    private const string PreviewName = "taew2_1.pth";
    private readonly Device _device;
    private readonly ModelFolder _folder;
    private readonly GenerateOptions _options;
    private WanTransformer? _transformer;
    private WanVae? _vae;
    private Taehv? _preview;
    private ClipVision? _clip;

    /// <summary>Finds the files; nothing is loaded yet.</summary>
    /// <param name="device">Where the networks are to live.</param>
    /// <param name="folder">Where the files are.</param>
    /// <param name="options">Which of them.</param>
    /// <exception cref="FileNotFoundException">A file is missing; none of the others has been read for nothing.</exception>
    public RunNetworks(Device device, ModelFolder folder, GenerateOptions options)
    {
        (_device, _folder, _options) = (device, folder, options);
        Weights = RulesOf(options, device);
        Config = folder.Config(options.CheckpointPath);
        bool needsVae = !options.UsesPreviewDecoder || EncodesStart(options);
        List<ModelPart> parts = [ModelPart.Tokenizer, ModelPart.TextEncoder];
        parts.AddRange(options.CheckpointPath is null ? [ModelPart.Transformer] : []);
        parts.AddRange(needsVae ? [ModelPart.Vae] : []);
        parts.AddRange(Config.IsImageToVideo ? [ModelPart.ClipVision] : []);
        parts.ForEach(part => _ = folder.Find(part));
        if (options.CheckpointPath is { } checkpoint && !File.Exists(checkpoint) && !Directory.Exists(checkpoint))
        {
            throw new FileNotFoundException($"{checkpoint}: there is no such checkpoint.", checkpoint);
        }

        if (options.UsesPreviewDecoder && !File.Exists(PreviewPath))
        {
            throw new FileNotFoundException($"{PreviewPath}: there is no such preview decoder; name the file {PreviewName} with --decoder taehv PATH.", PreviewPath);
        }
    }

    /// <summary>Types and places of all weights.</summary>
    public WeightRules Weights { get; }

    /// <summary>Sizes of the transformer.</summary>
    public WanConfig Config { get; }

    /// <summary>Seconds that loading took so far.</summary>
    public double LoadSeconds { get; private set; }

    /// <summary>The file of the transformer's weights.</summary>
    public string TransformerPath => _options.CheckpointPath ?? _folder.Find(ModelPart.Transformer);

    /// <summary>The file of the preview decoder.</summary>
    public string PreviewPath => _options.PreviewDecoderPath ?? Path.Combine(_folder.Path, PreviewName);

    /// <summary>Types and places of the weights of a run.</summary>
    /// <param name="options">The run.</param>
    /// <param name="device">Where it is.</param>
    public static WeightRules RulesOf(GenerateOptions options, Device device) => new()
    {
        // The CPU reads weights where they lie, in any type. On a GPU one that is wider than the activations is also slower.
        RoundTo = options.Type == DType.BF16 && !device.IsHost ? DType.BF16 : null,
        StreamsBlocks = options.SavesMemory,
    };

    /// <summary>Whether videos start from pictures, which the VAE has to encode.</summary>
    /// <param name="options">The run.</param>
    public static bool EncodesStart(GenerateOptions options) =>
        options.ImagePath is not null || options.IsImageDataset || (options.ExtendPath is { } start && StartFrames.ArePixels(start));

    /// <summary>The file, or the folder, of a part.</summary>
    public string PathOf(ModelPart part) => _folder.Find(part);

    /// <summary>How the transformer is loaded from its file.</summary>
    public WanLoadOptions LoadOptions(TensorArchive archive)
    {
        WeightsEntry wanted = _options.UsesAverage ? WeightsEntry.GeneratorEma : WeightsEntry.Generator;
        bool isThere = WanKeyMap.Holds(archive.Entries.Select(static entry => entry.Name), wanted);
        return new WanLoadOptions { Entry = isThere ? wanted : WeightsEntry.Auto, Weights = Weights };
    }

    /// <summary>The transformer.</summary>
    public WanTransformer Transformer(IProgress<RunEvent>? tell, CancellationToken cancellation) => _transformer ??= Timed(() =>
    {
        using TensorArchive archive = TensorArchive.Open(TransformerPath);
        WanLoadOptions load = LoadOptions(archive);
        if (_options.UsesAverage && load.Entry != WeightsEntry.GeneratorEma)
        {
            tell?.Report(new RunEvent.Notice($"{archive.Path} holds no separate running average (generator_ema), so --use_ema changes nothing; its weights are used as they are."));
        }

        return _folder.LoadTransformer(_device, _options.CheckpointPath, load, null, cancellation);
    });

    /// <summary>The video autoencoder.</summary>
    public WanVae Vae(CancellationToken cancellation) => _vae ??= Timed(() => _folder.LoadVae(
        _device, new VaeOptions { Weights = Weights, KeepsHistoryOnHost = _options.SavesMemory }, cancellation));

    /// <summary>The vision tower of image-to-video models.</summary>
    public ClipVision Clip() => _clip ??= Timed(() =>
    {
        using TensorArchive archive = TensorArchive.Open(_folder.Find(ModelPart.ClipVision));
        return ClipVision.Load(_device, ClipVisionConfig.FromShapes(archive), archive, Weights);
    });

    /// <summary>Releases the vision tower where memory is to be saved; it is loaded again for the next image.</summary>
    public void ReleaseClip()
    {
        if (_options.SavesMemory)
        {
            _clip?.Dispose();
            _clip = null;
        }
    }

    /// <summary>Makes decoders of the kind asked for.</summary>
    public Func<ILatentDecoder> Decoder(CancellationToken cancellation)
    {
        if (!_options.UsesPreviewDecoder)
        {
            return Vae(cancellation).OpenDecoder;
        }

        _preview ??= Timed(() =>
        {
            using TensorArchive archive = TensorArchive.Open(PreviewPath);
            return Taehv.Load(_device, archive, rules: Weights, cancellation: cancellation);
        });
        return _preview.OpenDecoder;
    }

    /// <summary>Releases what was loaded.</summary>
    public void Dispose()
    {
        foreach (IDisposable? network in new IDisposable?[] { _transformer, _vae, _preview, _clip })
        {
            network?.Dispose();
        }
    }

    private T Timed<T>(Func<T> load)
    {
        long started = Stopwatch.GetTimestamp();
        T network = load();
        LoadSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
        return network;
    }
}
