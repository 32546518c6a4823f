using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Turns a configuration into <see cref="TrainingSettings"/>: checks, defaults of the reference, refusals.</summary>
internal sealed class TrainingConfig(LayeredConfig config)
{
    private const int Many = 1 << 30;
    private const double Large = 1e9;
    private const double LastShare = 0.1;

    private static readonly string[] _noEffect =
    [
        "sharding_strategy", "generator_fsdp_wrap_strategy", "real_score_fsdp_wrap_strategy", "fake_score_fsdp_wrap_strategy", "text_encoder_fsdp_wrap_strategy",
        "text_encoder_cpu_offload",
    ];

    private static readonly string[] _wandb = ["wandb_host", "wandb_key", "wandb_entity", "wandb_project"];

    private static readonly string[] _dead = ["load", "force_start_w_ema", "force_reset_zero_step", "force_reinit_ema", "skip_optimizer_scheduler"];

    /// <summary>Reads everything.</summary>
    public TrainingSettings Settings()
    {
        Refuse();
        TrainerKind trainer = Trainer();
        double average = Real("ema_weight", 0, 0, 1);
        int steps = config.Whole("full_training_steps", 0, Many) ?? 0, warmup = config.Whole("lr_warmup_steps", 0, Many) ?? 0;
        int frames = config.Whole("num_training_frames", 1, 1 << 20) ?? 21;
        return new TrainingSettings
        {
            Config = config,
            Values = config.Values(),
            Notices = [.. Notices()],
            Trainer = trainer,
            Loss = Loss(trainer),
            ModelRoot = config.Text("checkpoint_path") ?? "checkpoints",
            GeneratorName = config.Text("generator_name") ?? "Wan2.1-T2V-1.3B",
            RealName = config.Text("real_name") ?? "Wan2.1-T2V-1.3B",
            FakeName = config.Text("fake_name") ?? "Wan2.1-T2V-1.3B",
            GeneratorCheckpoint = config.Text("generator_ckpt"),
            CriticCheckpoint = config.Text("critic_ckpt"),
            DataPath = config.Text("data_path") ?? "",
            MaxPairs = config.Whole("max_pair", 1, Many) ?? 100_000_000,
            Seed = (ulong)(config.Whole("seed", 0, int.MaxValue) ?? 0),
            BatchSize = config.Whole("batch_size", 1, 1 << 16) ?? 1,
            Accumulation = config.Whole("gradient_accumulation_steps", 1, 1 << 16) ?? 1,
            FullSteps = steps,
            SaveInterval = config.Whole("log_iters", 1, Many) ?? 200,
            KeepCheckpoints = config.Whole("keep_checkpoints", 1, Many) ?? 3,
            SampleInterval = config.Whole("sample_iters", 0, Many) ?? 0,
            SamplePrompts = config.Text("sample_prompts"),
            SampleSteps = config.Whole("sample_steps", 1, FlowMatchSchedule.TrainTimesteps) ?? 30,
            Type = config.Flag("mixed_precision") ? DType.BF16 : DType.F32,
            Checkpointing = config.Flag("gradient_checkpointing"),
            Generator = Rates("lr", "beta1", "beta2", null),
            Critic = Rates("lr_critic", "beta1_critic", "beta2_critic", "lr"),
            LargestGenerator = Real("max_grad_norm_generator", 10, 0, Large),
            LargestCritic = Real("max_grad_norm_critic", 10, 0, Large),
            Schedule = new RateSchedule(warmup, OneOf("lr_decay", "none", "none", "cosine") == "cosine" ? Math.Max(0, steps - warmup) : 0, LastShare),
            AverageDecay = average,
            AverageStart = config.Whole("ema_start_step", 0, Many) ?? 0,
            Latents = Latents(),
            Rollout = Rollout(frames),
            Score = Score(),
            Diffusion = new DiffusionSettings
            {
                IsCausal = config.Flag("causal"),
                TeacherForcing = config.Flag("teacher_forcing"),
                ContextNoise = config.Whole("noise_augmentation_max_timestep", 0, FlowMatchSchedule.TrainTimesteps) ?? 0,
                PromptDropout = Real("prompt_dropout", 0, 0, 1),
                IsWeighted = OneOf("loss_weighting", "gaussian", "gaussian", "none") == "gaussian",
                LoadsVideos = config.Flag("load_raw_video"),
            },
        };
    }

    private RolloutSettings Rollout(int frames)
    {
        int window = config.Whole("model_kwargs.local_attn_size", -1, 1 << 20) ?? -1;
        return new RolloutSettings
        {
            Frames = frames,
            FramesPerBlock = config.Whole("num_frame_per_block", 1, 1 << 20) ?? 1,
            IndependentFirstFrame = config.Flag("independent_first_frame"),
            DenoisingSteps = config.Wholes("denoising_step_list", 0, FlowMatchSchedule.TrainTimesteps) ?? [],
            WarpsSteps = config.Flag("warp_denoising_step"),
            SameStep = config.Find("same_step_across_blocks")?.Flag() ?? true,
            LastStepOnly = config.Flag("last_step_only"),
            IsImageToVideo = config.Flag("i2v"),
            ContextTimestep = config.Number("context_noise", 0, FlowMatchSchedule.TrainTimesteps) ?? 0,
            Refresh = OneOf("context_refresh_noise", "none", "none", "reference") == "none" ? ContextRefresh.Clean : ContextRefresh.Reference,
            CacheGradient = OneOf("kv_grad", "detached", "detached", "straight_through") == "detached" ? CacheGradient.Detached : CacheGradient.StraightThrough,
            StudentShift = config.Number("model_kwargs.timestep_shift", 0, 1000) ?? 8,
            WindowFrames = window != 0 ? window : throw config.Find("model_kwargs.local_attn_size")!.Value.Wrong("-1 or a whole number from 1 on"),
            SinkFrames = config.Whole("model_kwargs.sink_size", 0, 1 << 20) ?? 0,
        };
    }

    private ScoreSettings Score()
    {
        bool hasOwn = config.Find("real_guidance_scale") is not null;
        if (hasOwn && config.Find("fake_guidance_scale") is null)
        {
            throw config.Find("real_guidance_scale")!.Value.Error("real_guidance_scale is given without fake_guidance_scale; give both, or guidance_scale alone", "real_guidance_scale");
        }

        return new ScoreSettings
        {
            TimestepShift = config.Number("timestep_shift", 0, 1000) ?? 1,
            ConversionShift = config.Number("score_shift", 0, 1000) ?? 8,
            SchedulesLeast = config.Find("ts_schedule")?.Flag() ?? true,
            SchedulesMost = config.Flag("ts_schedule_max"),
            LeastTimestep = config.Whole("min_score_timestep", 0, FlowMatchSchedule.TrainTimesteps - 1) ?? 0,
            TeacherGuidance = hasOwn ? Real("real_guidance_scale", 0, -1000, 1000) : Real("guidance_scale", 0, -1000, 1000),
            CriticGuidance = hasOwn ? Real("fake_guidance_scale", 0, -1000, 1000) : 0,
            NegativePrompt = config.Text("negative_prompt") ?? "",
            StreamsTeacher = config.Flag("stream_teacher"),
            Ratio = config.Whole("dfake_gen_update_ratio", 1, Many) ?? 5,
            Beta = Real("beta", 0, -100, 100),
            Reward = OneOf("reward", "motion", "motion", "constant"),
            CriticFlow = OneOf("critic_flow", "direct", "direct", "reference") == "direct" ? CriticFlow.Direct : CriticFlow.Reference,
            ComparesX0 = CriticLossType() == "x0",
            SidAlpha = Real("sid_alpha", 1, -1000, 1000),
            Loop = OneOf("loop", "intended", "intended", "reference") == "intended" ? TrainingLoop.Intended : TrainingLoop.Reference,
            RewardKeep = Real("reward_statistics_decay", 1, 1e-6, 1),
        };
    }

    private string CriticLossType()
    {
        string type = OneOf("denoising_loss_type", "flow", "flow", "x0", "noise", "v");
        return type is "flow" or "x0" ? type
            : throw config.Find("denoising_loss_type")!.Value.Error($"denoising_loss_type {type} needs alphas_cumprod, which flow matching does not have; take flow or x0", "denoising_loss_type");
    }

    private TrainerKind Trainer()
    {
        return OneOf("trainer", "", "diffusion", "ode", "score_distillation", "rewarded_distillation", "gan", "vae") switch
        {
            "diffusion" => TrainerKind.Diffusion,
            "ode" => TrainerKind.Ode,
            "score_distillation" => TrainerKind.ScoreDistillation,
            "rewarded_distillation" => TrainerKind.RewardedDistillation,
            "gan" => TrainerKind.Gan,
            "vae" => TrainerKind.Vae,
            _ => throw new ModelFormatException(config.Path ?? "configs/reward_forcing.yaml", "has no trainer; give one of diffusion, ode, score_distillation, rewarded_distillation, gan, vae", "trainer"),
        };
    }

    private DistributionLoss Loss(TrainerKind trainer)
    {
        string name = OneOf("distribution_loss", trainer == TrainerKind.RewardedDistillation ? "rewardeddmd" : "dmd", "dmd", "rewardeddmd", "sid", "causvid");
        bool isRewarded = name == "rewardeddmd";
        if (trainer is TrainerKind.RewardedDistillation or TrainerKind.ScoreDistillation && isRewarded != (trainer == TrainerKind.RewardedDistillation))
        {
            throw config.Find("distribution_loss")!.Value.Error(
                $"distribution_loss {name} does not go with this trainer; rewardeddmd needs trainer: rewarded_distillation, and the others score_distillation", "distribution_loss");
        }

        return name switch { "dmd" => DistributionLoss.Dmd, "sid" => DistributionLoss.Sid, "causvid" => DistributionLoss.CausVid, _ => DistributionLoss.RewardedDmd };
    }

    private AdamWSettings Rates(string rate, string beta1, string beta2, string? fallback)
    {
        double lr = config.Exact(rate, 0, 1000) ?? (fallback is null ? null : config.Exact(fallback, 0, 1000)) ?? 2e-6;
        return new AdamWSettings(lr, Below(beta1, 0), Below(beta2, 0.999), Real("optimizer_eps", 1e-8, 1e-30, 1), Real("weight_decay", 0.01, 0, 1000));
    }

    private double Below(string key, double otherwise)
    {
        double value = Real(key, otherwise, 0, 1);
        return value < 1 ? value : throw config.Find(key)!.Value.Wrong("a number from 0 to below 1");
    }

    private Shape Latents()
    {
        int[] shape = config.Wholes("image_or_video_shape", 1, 1 << 20) ?? [1, 21, 16, 60, 104];
        return shape.Length == 5 ? new Shape(shape) : throw config.Find("image_or_video_shape")!.Value.Wrong("five numbers, [batch, frames, channels, height, width] of the latents");
    }

    private double Real(string key, double otherwise, double least, double most) => config.Exact(key, least, most) ?? otherwise;

    private string OneOf(string key, string otherwise, params string[] known)
    {
        string value = config.Text(key) ?? otherwise;
        return value == otherwise || known.Contains(value) ? value : throw config.Find(key)!.Value.Wrong($"one of {string.Join(", ", known)}");
    }

    private void Refuse()
    {
        if (config.Flag("stream_teacher") && config.Text("distribution_loss") == "sid")
        {
            throw config.Find("stream_teacher")!.Value.Error("stream_teacher does not go with distribution_loss: sid, whose gradients go through the teacher", "stream_teacher");
        }

        foreach (string key in _dead)
        {
            if (config.Find(key) is { } part)
            {
                throw part.Error($"{key} is a key that nothing in the reference reads to an end, and it is not here; leave it out", key);
            }
        }

        if (config.Find("backward_simulation") is { } simulation && !simulation.Flag())
        {
            throw simulation.Error("backward_simulation must be true: students learn from their own roll-outs; distribution_loss: causvid is the one that noises data", "backward_simulation");
        }

        if (config.Whole("num_train_timestep", 1, Many) is { } steps && steps != FlowMatchSchedule.TrainTimesteps)
        {
            throw config.Find("num_train_timestep")!.Value.Wrong($"{FlowMatchSchedule.TrainTimesteps}, the length of every schedule here");
        }
    }

    private IEnumerable<string> Notices()
    {
        if (config.Warning is { } warning)
        {
            yield return warning;
        }

        string[] sharding = [.. _noEffect.Where(key => config.Find(key) is not null)];
        if (sharding.Length > 0)
        {
            yield return $"Training runs in one process on one device, so {string.Join(", ", sharding)} {(sharding.Length == 1 ? "has" : "have")} no effect.";
        }

        if (_wandb.Any(key => config.Find(key) is not null))
        {
            yield return "Nothing is sent to wandb: logs are TensorBoard event files and JSON lines in --logdir.";
        }

        if (config.Whole("total_batch_size", 1, Many) is { } total && total != (config.Whole("batch_size", 1, 1 << 16) ?? 1))
        {
            throw config.Find("total_batch_size")!.Value.Wrong("the batch_size, for there is one device");
        }
    }
}
