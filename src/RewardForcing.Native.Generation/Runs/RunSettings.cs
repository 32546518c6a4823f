using RewardForcing.Native.Models;

namespace RewardForcing.Native.Generation;

/// <summary>Puts the command line, the configuration and the network's kind together to settings.</summary>
internal static class RunSettings
{
    /// <summary>Name of the few-step samplers on the command line.</summary>
    public const string FewStep = "few-step";

    private const float WanGuidance = 5;
    private const int Steps = 50;
    private const int ImageSteps = 40;
    private const int DefaultLatentFrames = 21;

    /// <summary>The settings of a run.</summary>
    /// <param name="options">The command line; goes before everything else.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="model">The network.</param>
    /// <exception cref="ArgumentException">They contradict each other, or a value cannot work.</exception>
    public static GenerationSettings Of(GenerateOptions options, RunConfig config, WanConfig model)
    {
        // Published image-to-video transformers are not distilled and see their whole video at once.
        bool isImageToVideo = model.IsImageToVideo;
        bool isFewStep = options.Sampler is null ? config.DenoisingSteps is not null && !isImageToVideo : options.Sampler == FewStep;
        if (isFewStep && config.DenoisingSteps is null)
        {
            throw new ArgumentException($"--sampler {FewStep} needs steps, but {config.Path} has no denoising_step_list.");
        }

        if (isFewStep && isImageToVideo && config.IsCausal)
        {
            throw new ArgumentException($"--sampler {FewStep} makes videos block by block here, but an image-to-video transformer makes the whole video at once; leave --sampler out, or give a configuration with causal: false.");
        }

        // A solver asked for where the run has a list of few steps is for the bidirectional network those steps were distilled from.
        bool isCausal = !isImageToVideo && config.IsCausal && (isFewStep || config.DenoisingSteps is null);
        GenerationSettings settings = new()
        {
            Sampler = isFewStep ? (isCausal ? SamplerKind.FewStepCausal : SamplerKind.FewStepBidirectional) : isCausal ? SamplerKind.MultiStepCausal : SamplerKind.Bidirectional,
            DenoisingSteps = config.DenoisingSteps ?? [],
            WarpSteps = config.WarpsSteps,
            TimestepShift = isFewStep ? config.FewStepShift : config.ManyStepShift,
            ContextTimestep = config.ContextTimestep,
            FramesPerBlock = config.FramesPerBlock,
            IndependentFirstFrame = config.IndependentFirstFrame,
            CachePolicy = Policy(options, config),
            Solver = isFewStep || options.Sampler is null ? SolverKind.UniPc : FlowSolvers.FromName(options.Sampler),
            Steps = options.Steps ?? (isImageToVideo ? ImageSteps : Steps),
            Guidance = options.Guidance ?? (config.Path is null ? null : config.Guidance) ?? WanGuidance,
            Type = options.Type,
            OverlapsDecoding = options.SavesMemory ? false : null,
        };
        if (isFewStep && (options.Steps ?? options.Guidance) is not null)
        {
            throw new ArgumentException("--steps and --guidance are for --sampler unipc, dpm++ or euler; the few-step sampler takes its steps from the configuration and has no guidance.");
        }

        settings.Validate();
        return settings;
    }

    /// <summary>A first frame of its own where the given frames can only be continued that way: an image, or what was generated from one.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="givenFrames">Latent frames a video starts with.</param>
    public static GenerationSettings For(GenerationSettings settings, int givenFrames)
    {
        bool needsOwnFirst = givenFrames > 0 && givenFrames % settings.FramesPerBlock != 0 && (givenFrames - 1) % settings.FramesPerBlock == 0;
        return needsOwnFirst ? settings with { IndependentFirstFrame = true } : settings;
    }

    /// <summary>Latent frames to generate.</summary>
    /// <param name="wanted">As asked for, a starting image counted; null takes the most up to 21 that fit into blocks.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="fromImage">Whether the video starts from an image whose latents are given.</param>
    /// <param name="isContinued">Whether it continues a video.</param>
    public static int NewFrames(int? wanted, GenerationSettings settings, bool fromImage, bool isContinued)
    {
        if (wanted is int frames || !settings.IsCausal)
        {
            return (wanted ?? DefaultLatentFrames) - (fromImage ? 1 : 0);
        }

        int single = settings.IndependentFirstFrame && !isContinued ? 1 : 0;
        int blocks = Math.Max(1, (DefaultLatentFrames - single) / settings.FramesPerBlock);
        return (blocks * settings.FramesPerBlock) + (fromImage ? 0 : single);
    }

    private static CachePolicy Policy(GenerateOptions options, RunConfig config)
    {
        CachePolicy policy = (options.CachePolicy ?? config.CachePolicy) is { } name ? CachePolicy.FromName(name) : CachePolicy.RewardForcing;

        // The published run's window and sink belong to its own policy; another one brings its own.
        if (options.CachePolicy is null || config.Path is not null)
        {
            policy = policy with { WindowFrames = config.WindowFrames, SinkFrames = config.SinkFrames };
        }

        return policy with
        {
            SinkAlpha = options.SinkAlpha ?? policy.SinkAlpha,
            SinkPrecision = options.SinkPrecision ?? policy.SinkPrecision,
            SinkMismatch = options.SinkMismatch ?? policy.SinkMismatch,
        };
    }
}
