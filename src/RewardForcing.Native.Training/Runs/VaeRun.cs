using System.Text.Json.Nodes;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The training of a VAE as a configuration asks for it, with the network and the clips it owns. Checkpoints hold a file every reader of Wan's VAE understands.</summary>
internal sealed class VaeRun : Trainer
{
    private const string FileName = "Wan2.1_VAE.safetensors";
    private const int StatisticsClips = 64;
    private readonly WanVae _vae;
    private readonly IClipStore _clips;
    private readonly VaeTrainer _trainer;
    private readonly int _statisticsClips;

    /// <summary>Loads the network and opens the clips.</summary>
    /// <param name="device">Where to train.</param>
    /// <param name="settings">The run; <c>generator_name</c> is the folder with the VAE to begin with.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    public VaeRun(Device device, TrainingSettings settings, CancellationToken cancellation)
    {
        LayeredConfig config = settings.Config;
        _statisticsClips = config.Whole("vae.statistics_clips", 1, 1 << 20) ?? StatisticsClips;
        VaeTrainingSettings numbers = new();
        numbers = numbers with
        {
            Optimizer = settings.Generator,
            Schedule = settings.Schedule,
            KlWeight = config.Exact("vae.kl_weight", 0, 1e9) ?? numbers.KlWeight,
            SquareWeight = config.Exact("vae.square_weight", 0, 1e9) ?? numbers.SquareWeight,
            LargestGradient = settings.LargestGenerator,
            ImageBatch = config.Whole("vae.image_batch_size", 1, 1 << 16) ?? numbers.ImageBatch,
            VideoBatch = config.Whole("vae.video_batch_size", 1, 1 << 16) ?? settings.BatchSize,
            ImageShare = config.Exact("vae.image_share", 0, 1) ?? numbers.ImageShare,
            Frames = config.Whole("vae.frames", 1, 1 << 16) ?? numbers.Frames,
            CropSize = config.Whole("vae.crop_size", 0, 1 << 16) ?? numbers.CropSize,
            Seed = settings.Seed,
            AverageDecay = settings.AverageDecay,
            AverageStart = settings.AverageStart,
        };
        _vae = settings.Folder(settings.GeneratorName).LoadVae(device, new VaeOptions { Weights = new WeightRules { IsWritable = true, CastTo = DType.F32 } }, cancellation);
        try
        {
            _clips = ClipStores.Open(settings.DataPath);
            _trainer = new VaeTrainer(_vae, _clips, numbers);
        }
        catch
        {
            _clips?.Dispose();
            _vae.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TrainedPart> Parts => _trainer.Parts;

    /// <inheritdoc/>
    public override StepReport Step(CancellationToken cancellation)
    {
        StepReport report = _trainer.Step(cancellation);
        Steps = _trainer.Steps;
        return report;
    }

    /// <inheritdoc/>
    public override void SaveState(JsonObject state) => _trainer.SaveState(state);

    /// <inheritdoc/>
    public override void LoadState(JsonObject state, long steps)
    {
        base.LoadState(state, steps);
        _trainer.LoadState(state, steps);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _trainer.Dispose();
        _clips.Dispose();
        _vae.Dispose();
    }

    /// <summary>Writes the network as Wan's VAE, its average where there is one, with the statistics of its latents folded in.</summary>
    /// <inheritdoc/>
    internal override IReadOnlyList<string> Export(string folder)
    {
        IReadOnlyList<Parameter> weights = [.. Parts[0].Average?.Averages ?? _vae.Weights];
        using WanVae copy = new(_vae.Config, WeightSet.Create(_vae.Device, WanVae.Declare(_vae.Config)));
        foreach (Parameter parameter in weights)
        {
            copy.Weights[parameter.Name].Value.CopyFrom(parameter.Value);
        }

        VaeFile.Write(Path.Combine(folder, FileName), weights, _vae.Config, LatentStatistics.Measure(copy, _clips, _statisticsClips));
        return [FileName];
    }
}
