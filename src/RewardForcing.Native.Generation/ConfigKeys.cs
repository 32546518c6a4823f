using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>The keys a configuration may have: those of the reference and ours.</summary>
/// <remarks>Spec: models 5.6 and Appendix D, training 4.11 and 9.1.</remarks>
internal static class ConfigKeys
{
    private static readonly HashSet<string> _known = new(StringComparer.Ordinal)
    {
        // Read by generating.
        "denoising_step_list", "warp_denoising_step", "timestep_shift", "guidance_scale", "num_frame_per_block", "independent_first_frame",
        "context_noise", "causal", "height", "width", "negative_prompt", "checkpoint_path", "cache_policy", "model_kwargs",
        "model_kwargs.timestep_shift", "model_kwargs.local_attn_size", "model_kwargs.sink_size",

        // Read by training as well, by the reference's command line, or by nothing.
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

        // Read by training; the reference does not have them.
        "loop", "kv_grad", "critic_flow", "reward_input", "context_refresh_noise", "score_shift", "reward", "generator_name", "critic_ckpt", "prompt_dropout", "loss_weighting",
        "lr_warmup_steps", "lr_decay", "keep_checkpoints", "sample_iters", "sample_prompts", "sample_steps", "reward_statistics_decay", "stream_teacher",
        "optimizer_eps", "vae", "vae.kl_weight", "vae.square_weight", "vae.image_batch_size", "vae.video_batch_size", "vae.image_share", "vae.frames", "vae.crop_size",
        "vae.statistics_clips",
    };

    /// <summary>One sentence that names the keys nothing reads; null if there are none.</summary>
    /// <param name="path">The run's file.</param>
    /// <param name="run">What it says.</param>
    public static string? Unknown(string? path, JsonPart run)
    {
        List<string> unknown = [];
        foreach ((string key, JsonPart value) in run.Members())
        {
            if (!_known.Contains(key))
            {
                unknown.Add(key);
            }
            else if (key is "model_kwargs" or "vae" && value.IsObject)
            {
                unknown.AddRange(value.Members().Select(member => $"{key}.{member.Key}").Where(static nested => !_known.Contains(nested)));
            }
        }

        string keys = Printable.Text(string.Join(", ", unknown), 400);
        return unknown.Count == 0 ? null : $"{path}: nothing reads the {(unknown.Count == 1 ? "key" : "keys")} {keys}; check the spelling.";
    }
}
