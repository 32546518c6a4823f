using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Plans the memory of a run on a device that has its own, and of runs like it.</summary>
/// <param name="run">The configuration.</param>
/// <param name="networks">Know the files.</param>
/// <param name="device">Where the run is to be.</param>
internal sealed class RunMemory(RunConfig run, RunNetworks networks, Device device)
{
    private const int SpatialScale = 8;

    // Passes of a block that differ in what they do to the caches: the first, and those after it.
    private const int DifferentPasses = 2;

    // Tensors of the vision tower at work, as wide as its residual stream.
    private const int VisionTensors = 24;

    private readonly long? _free = device.FreeBytes;

    /// <summary>Plans a run.</summary>
    /// <param name="options">What is asked for.</param>
    /// <exception cref="ModelFormatException">A file is damaged.</exception>
    /// <exception cref="WeightMismatchException">A file holds another network.</exception>
    public MemoryPlan Plan(GenerateOptions options)
    {
        Sizes sizes = new(options, RunSettings.Of(options, run, networks.Config), run);
        WeightRules rules = RunNetworks.RulesOf(options, device);
        List<MemoryPhase> phases = [Phase("encoding text", Text(sizes, rules))];
        List<MemoryOwner> common = Transformer(sizes, rules, out long pass);
        Decoder(common, sizes, rules, out DecoderMemory decoder, out long start);
        if (start > 0)
        {
            phases.Add(Phase("encoding what the video starts from", [.. common, new("encoder at work", start)]));
        }

        MemoryOwner transforming = new("transformer at work", pass), decoding = new("decoder at work", decoder.Working);
        common.Add(new("frames the decoder remembers", decoder.History));
        if (sizes.Settings.OverlapsDecoding ?? Environment.ProcessorCount > 1)
        {
            phases.Add(Phase("generating", [.. common, transforming, decoding]));
        }
        else
        {
            phases.Add(Phase("denoising", [.. common, transforming]));
            phases.Add(Phase("decoding", [.. common, decoding]));
        }

        return new MemoryPlan(phases, _free);
    }

    private static MemoryPhase Phase(string name, IEnumerable<MemoryOwner> owners) => new(name, [.. owners.Where(static owner => owner.Bytes > 0)]);

    private List<MemoryOwner> Text(Sizes sizes, WeightRules rules)
    {
        using TensorArchive archive = TensorArchive.Open(networks.PathOf(ModelPart.TextEncoder));
        WeightMemory weights = WeightMemory.Text(archive, rules);
        long work = TransformerMemory.Text(UmT5Config.FromShapes(archive), sizes.Settings.Type, networks.Config.TextTokens, device.WorkspaceBytes);
        return [new("text encoder weights", weights.Total), new("text encoder at work", work + weights.Widened)];
    }

    private List<MemoryOwner> Transformer(Sizes sizes, WeightRules rules, out long pass)
    {
        WanConfig config = networks.Config;
        GenerationSettings settings = sizes.Settings;
        using TensorArchive archive = TensorArchive.Open(networks.TransformerPath);
        WeightMemory weights = WeightMemory.Transformer(archive, config, networks.LoadOptions(archive) with { Weights = rules });
        TransformerMemory memory = new(config, settings.Type, sizes.Batch, sizes.Height, sizes.Width, device.WorkspaceBytes);
        int states = settings.IsGuided ? 2 : 1;
        List<MemoryOwner> owners = [new("transformer weights", weights.Total), new("keys and values of the prompt", states * memory.Context)];
        if (settings.IsCausal)
        {
            bool replays = device.CanReplay && !rules.StreamsBlocks;
            (pass, long captured) = memory.CausalPasses(settings.CachePolicy, sizes.Frames, sizes.Blocks(DifferentPasses), replays);
            owners.Add(new("keys and values of past frames", states * memory.Caches(settings.CachePolicy, sizes.Frames)));
            owners.Add(new("captured passes", states * captured));
        }
        else
        {
            pass = memory.WholePass(sizes.Frames);
        }

        pass += weights.Widened;
        return owners;
    }

    private void Decoder(List<MemoryOwner> common, Sizes sizes, WeightRules rules, out DecoderMemory decoder, out long start)
    {
        GenerateOptions options = sizes.Options;
        DType type = sizes.Settings.Type;
        Shape latents = new(sizes.Batch, Math.Min(sizes.Settings.FramesPerBlock, sizes.Frames), sizes.Height, sizes.Width, networks.Config.OutChannels);
        bool hasStart = RunNetworks.EncodesStart(options);
        (decoder, start) = (default, 0);
        if (!options.UsesPreviewDecoder || hasStart)
        {
            using TensorArchive archive = TensorArchive.Open(networks.PathOf(ModelPart.Vae));
            VaeConfig config = VaeConfig.FromShapes(archive);
            WeightMemory weights = WeightMemory.Vae(archive, rules);
            common.Add(new("autoencoder weights", weights.Total));
            decoder = DecoderMemory.Vae(config, type, latents, weights, options.SavesMemory, device.WorkspaceBytes);
            Shape group = new(1, config.TemporalScale, SpatialScale * sizes.Height, SpatialScale * sizes.Width, 3);
            DecoderMemory encoder = DecoderMemory.VaeEncoder(config, type, group, weights, options.SavesMemory, device.WorkspaceBytes);
            start = hasStart ? encoder.History + encoder.Working : 0;
        }

        if (options.UsesPreviewDecoder)
        {
            using TensorArchive archive = TensorArchive.Open(networks.PreviewPath);
            WeightMemory weights = WeightMemory.Preview(archive, rules);
            common.Add(new("preview decoder weights", weights.Total));
            decoder = DecoderMemory.Preview(TaehvConfig.FromShapes(archive), type, latents, weights, device.WorkspaceBytes);
        }

        if (networks.Config.IsImageToVideo)
        {
            using TensorArchive archive = TensorArchive.Open(networks.PathOf(ModelPart.ClipVision));
            MemoryOwner vision = new("vision tower weights", WeightMemory.Vision(archive, rules).Total);
            long work = VisionTensors * Device.BytesTaken((long)networks.Config.ClipTokens * networks.Config.ClipDim * sizeof(float));
            start = Math.Max(start, work) + (options.SavesMemory ? vision.Bytes : 0);
            common.AddRange(options.SavesMemory ? [] : [vision]);
        }
    }

    /// <summary>The sizes of a run's videos, as far as they are known before what they start from is read.</summary>
    private sealed class Sizes
    {
        private readonly bool _isContinued;

        public Sizes(GenerateOptions options, GenerationSettings settings, RunConfig run)
        {
            bool hasImage = options.ImagePath is not null || options.IsImageDataset;
            _isContinued = options.ExtendPath is not null;
            Options = options;
            Settings = hasImage && settings.IsCausal ? RunSettings.For(settings, 1) : settings;
            Frames = RunSettings.NewFrames(options.LatentFrames, Settings, hasImage && settings.IsCausal, _isContinued) + (hasImage && settings.IsCausal ? 1 : 0);
            (Height, Width) = ((options.Height ?? run.Height) / SpatialScale, (options.Width ?? run.Width) / SpatialScale);
            Batch = RunPlan.Together(options);
        }

        public GenerateOptions Options { get; }

        public GenerationSettings Settings { get; }

        public int Frames { get; }

        public int Height { get; }

        public int Width { get; }

        public int Batch { get; }

        /// <summary>First frame, frames and denoising passes of the blocks, until further ones do the same.</summary>
        public IEnumerable<(long First, int Frames, int Passes)> Blocks(int most)
        {
            int passes = Math.Min(LatentMaker.StepsOf(Settings), most);
            int window = Settings.CachePolicy.WindowFrames;
            long last = window > 0 ? window + (6L * Settings.FramesPerBlock) : long.MaxValue;
            for (int first = 0; first < Math.Min(Frames, last);)
            {
                int frames = first == 0 && Settings.IndependentFirstFrame && !_isContinued ? 1 : Math.Min(Settings.FramesPerBlock, Frames - first);
                yield return (first, frames, passes);
                first += frames;
            }
        }
    }
}
