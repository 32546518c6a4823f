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

    private static readonly HashSet<string> _known = new(StringComparer.Ordinal)
    {
        // Read here.
        "denoising_step_list", "warp_denoising_step", "timestep_shift", "guidance_scale", "num_frame_per_block", "independent_first_frame",
        "context_noise", "causal", "height", "width", "negative_prompt", "checkpoint_path", "cache_policy", "model_kwargs",
        "model_kwargs.timestep_shift", "model_kwargs.local_attn_size", "model_kwargs.sink_size",

        // Read by training, by the reference's command line, or by nothing.
        "weight_decay", "same_step_across_blocks", "discriminator_lr_multiplier", "last_step_only", "i2v", "num_training_frames", "gc_interval", "ckpt_step",
        "prompt_name", "prompt_path", "eval_first_n", "num_samples", "num_frames", "generator_ckpt", "generator_fsdp_wrap_strategy",
        "real_score_fsdp_wrap_strategy", "fake_score_fsdp_wrap_strategy", "text_encoder_fsdp_wrap_strategy", "real_name", "fake_name", "ts_schedule",
        "ts_schedule_max", "min_score_timestep", "num_train_timestep", "denoising_loss_type", "mixed_precision", "seed", "wandb_host", "wandb_key", "wandb_entity",
        "wandb_project", "sharding_strategy", "lr", "lr_critic", "beta1", "beta2", "beta1_critic", "beta2_critic", "data_path", "batch_size", "ema_weight",
        "ema_start_step", "gradient_accumulation_steps", "log_iters", "dfake_gen_update_ratio", "image_or_video_shape", "distribution_loss", "trainer",
        "gradient_checkpointing", "full_training_steps", "load_raw_video", "beta", "backward_simulation", "real_guidance_scale", "fake_guidance_scale",
        "teacher_forcing", "noise_augmentation_max_timestep", "sid_alpha", "num_class", "relativistic_discriminator", "concat_time_embeddings", "gan_g_weight",
        "gan_d_weight", "r1_weight", "r2_weight", "r1_sigma", "r2_sigma", "critic_timestep_shift", "discriminator_warmup_steps", "loss_scale", "gen_lr",
        "critic_lr", "text_encoder_cpu_offload", "max_grad_norm_generator", "max_grad_norm_critic", "max_pair", "total_batch_size", "load", "force_start_w_ema",
        "force_reset_zero_step", "force_reinit_ema", "skip_optimizer_scheduler", "no_save", "no_visualize", "logdir", "wandb_save_dir", "disable_wandb", "config_name",
    };

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
        JsonPart run = path is null ? Shipped("reward_forcing.yaml") : YamlFile.Read(path);
        LayeredConfig config = new(Shipped("default_config.yaml"), run);
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
            Warning = Unknown(path, run),
        };
    }

    private static string? Policy(LayeredConfig config) =>
        config.Find("cache_policy") is not { } part || Models.CachePolicy.Names.Contains(part.Text()) ? config.Text("cache_policy") : throw part.Wrong($"one of {string.Join(", ", Models.CachePolicy.Names)}");

    private static int Window(LayeredConfig config)
    {
        int window = config.Whole("model_kwargs.local_attn_size", -1, MaxFrames) ?? -1;
        return window != 0 ? window : throw config.Find("model_kwargs.local_attn_size")!.Value.Wrong("-1 or a whole number from 1 on");
    }

    private static string? Unknown(string? path, JsonPart run)
    {
        List<string> unknown = [];
        foreach ((string key, JsonPart value) in run.Members())
        {
            if (!_known.Contains(key))
            {
                unknown.Add(key);
            }
            else if (key == "model_kwargs" && value.IsObject)
            {
                unknown.AddRange(value.Members().Select(static member => $"model_kwargs.{member.Key}").Where(static nested => !_known.Contains(nested)));
            }
        }

        string keys = Printable.Text(string.Join(", ", unknown), 400);
        return unknown.Count == 0 ? null : $"{path}: nothing reads the {(unknown.Count == 1 ? "key" : "keys")} {keys}; check the spelling.";
    }

    private static JsonPart Shipped(string name)
    {
        using Stream stream = typeof(RunConfig).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not part of this assembly.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return YamlFile.Parse($"configs/{name}", bytes);
    }
}
