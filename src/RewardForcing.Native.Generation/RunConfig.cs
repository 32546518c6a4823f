using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>What a run's configuration says about generating: the reference's default configuration with the run's own file laid over it.</summary>
/// <remarks>
/// A mapping is merged key by key; anything else of the run's file replaces the default, an explicit <c>null</c> too. Keys of training are
/// known and passed over. Spec: models 5.6 and Appendix D, training 4.11.
/// </remarks>
public sealed record RunConfig
{
    private const float DefaultShift = 8;
    private const int MaxFrames = 1 << 20;
    private const int MaxPixels = 1 << 14;

    /// <summary>The run's file; null for the configuration of the published run, which is part of the program.</summary>
    public string? Path { get; private init; }

    /// <summary>Steps of the few-step samplers (<c>denoising_step_list</c>); null where the run samples in many steps.</summary>
    public IReadOnlyList<int>? DenoisingSteps { get; private init; }

    /// <summary>Whether steps are looked up in the shifted schedule (<c>warp_denoising_step</c>).</summary>
    public bool WarpsSteps { get; private init; }

    /// <summary>Shift of the few-step samplers (<c>model_kwargs.timestep_shift</c>).</summary>
    public float FewStepShift { get; private init; }

    /// <summary>Shift of the samplers of many steps (<c>timestep_shift</c>).</summary>
    public float ManyStepShift { get; private init; }

    /// <summary>Guidance of the samplers of many steps (<c>guidance_scale</c>); null if it is not given.</summary>
    public float? Guidance { get; private init; }

    /// <summary>Latent frames of a block (<c>num_frame_per_block</c>).</summary>
    public int FramesPerBlock { get; private init; }

    /// <summary>Whether the first latent frame is a block of its own (<c>independent_first_frame</c>).</summary>
    public bool IndependentFirstFrame { get; private init; }

    /// <summary>Timestep, 0 to 1000, at which finished frames go into the caches (<c>context_noise</c>).</summary>
    public float ContextTimestep { get; private init; }

    /// <summary>Whether videos are made block by block (<c>causal</c>).</summary>
    public bool IsCausal { get; private init; }

    /// <summary>Latent frames a block may attend to (<c>model_kwargs.local_attn_size</c>); -1 for all.</summary>
    public int WindowFrames { get; private init; }

    /// <summary>Latent frames at the start that never leave the window (<c>model_kwargs.sink_size</c>).</summary>
    public int SinkFrames { get; private init; }

    /// <summary>Name of the cache policy (<c>cache_policy</c>, a key the reference does not have); null for that of Reward Forcing.</summary>
    public string? CachePolicy { get; private init; }

    /// <summary>Rows of pixels.</summary>
    public int Height { get; private init; }

    /// <summary>Columns of pixels.</summary>
    public int Width { get; private init; }

    /// <summary>What guidance leads away from; null if it is not given.</summary>
    public string? NegativePrompt { get; private init; }

    /// <summary>The folder above the models' folders (<c>checkpoint_path</c>).</summary>
    public string ModelRoot { get; private init; } = "";

    /// <summary>One sentence that names the keys nothing reads; null if there are none.</summary>
    public string? Warning { get; private init; }

    /// <summary>Reads a run's configuration.</summary>
    /// <param name="path">The run's YAML file; null takes <c>configs/reward_forcing.yaml</c> as it was when the program was built.</param>
    /// <exception cref="ModelFormatException">The file cannot be read, or a value is of the wrong type or out of range; the message names file and key.</exception>
    public static RunConfig Read(string? path)
    {
        LayeredConfig config = LayeredConfig.Read(path);
        float modelShift = config.Number("model_kwargs.timestep_shift", 0, 1000) ?? DefaultShift;
        return new RunConfig
        {
            Path = path,
            DenoisingSteps = config.Wholes("denoising_step_list", 0, FlowMatchSchedule.TrainTimesteps),
            WarpsSteps = config.Flag("warp_denoising_step"),
            FewStepShift = modelShift,
            ManyStepShift = config.Number("timestep_shift", 0, 1000) ?? modelShift,
            Guidance = config.Number("guidance_scale", -1000, 1000),
            FramesPerBlock = config.Whole("num_frame_per_block", 1, MaxFrames) ?? 1,
            IndependentFirstFrame = config.Flag("independent_first_frame"),
            ContextTimestep = config.Number("context_noise", 0, FlowMatchSchedule.TrainTimesteps) ?? 0,
            IsCausal = config.Flag("causal"),
            WindowFrames = Window(config),
            SinkFrames = config.Whole("model_kwargs.sink_size", 0, MaxFrames) ?? 0,
            CachePolicy = Policy(config),
            Height = config.Whole("height", 16, MaxPixels) ?? 480,
            Width = config.Whole("width", 16, MaxPixels) ?? 832,
            NegativePrompt = config.Text("negative_prompt"),
            ModelRoot = config.Text("checkpoint_path") ?? "checkpoints",
            Warning = config.Warning,
        };
    }

    private static string? Policy(LayeredConfig config) =>
        config.Find("cache_policy") is not { } part || Models.CachePolicy.Names.Contains(part.Text()) ? config.Text("cache_policy") : throw part.Wrong($"one of {string.Join(", ", Models.CachePolicy.Names)}");

    private static int Window(LayeredConfig config)
    {
        int window = config.Whole("model_kwargs.local_attn_size", -1, MaxFrames) ?? -1;
        return window != 0 ? window : throw config.Find("model_kwargs.local_attn_size")!.Value.Wrong("-1 or a whole number from 1 on");
    }
}
