using System.Security.Cryptography;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What a configuration says about training. Keys have the reference's names; those it does not have are marked as ours in <c>docs/training.md</c>.</summary>
/// <remarks>Every key is honoured, told to have no effect here, or refused by name. Spec: training 4.11 and 9.1.</remarks>
public sealed record TrainingSettings
{
    /// <summary>The file's values as they hold, for the sidecar of checkpoints.</summary>
    public required IReadOnlyDictionary<string, string> Values { get; init; }

    /// <summary>What the user should know: keys nothing reads, and keys that have no effect here.</summary>
    public required IReadOnlyList<string> Notices { get; init; }

    /// <summary>SHA-256 over the values, to tell configurations apart.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Values.Select(static pair => $"{pair.Key}={pair.Value}")))));

    /// <summary>Which trainer; key <c>trainer</c>.</summary>
    public TrainerKind Trainer { get; init; }

    /// <summary>What moves the student; key <c>distribution_loss</c>.</summary>
    public DistributionLoss Loss { get; init; }

    /// <summary>Folder above the models' folders; key <c>checkpoint_path</c>.</summary>
    public string ModelRoot { get; init; } = "checkpoints";

    /// <summary>Model folder of the network in training; key <c>generator_name</c> (ours).</summary>
    public string GeneratorName { get; init; } = "";

    /// <summary>Model folder of the teacher; key <c>real_name</c>.</summary>
    public string RealName { get; init; } = "";

    /// <summary>Model folder of the critic; key <c>fake_name</c>.</summary>
    public string FakeName { get; init; } = "";

    /// <summary>Weights that replace those of <see cref="GeneratorName"/>; key <c>generator_ckpt</c>; null for none.</summary>
    public string? GeneratorCheckpoint { get; init; }

    /// <summary>Weights that replace those of <see cref="FakeName"/>; key <c>critic_ckpt</c> (ours); null for none.</summary>
    public string? CriticCheckpoint { get; init; }

    /// <summary>Prompts, or clips, by what the trainer needs; key <c>data_path</c>.</summary>
    public string DataPath { get; init; } = "";

    /// <summary>Rows of an LMDB environment that are read at most; key <c>max_pair</c>.</summary>
    public int MaxPairs { get; init; }

    /// <summary>Seed of everything random; key <c>seed</c>, where 0 draws one.</summary>
    public ulong Seed { get; init; }

    /// <summary>Samples of a micro-batch; key <c>batch_size</c>.</summary>
    public int BatchSize { get; init; }

    /// <summary>Micro-batches of an optimiser step; key <c>gradient_accumulation_steps</c>.</summary>
    public int Accumulation { get; init; }

    /// <summary>Optimiser steps of the run; key <c>full_training_steps</c>; 0 goes on until it is stopped.</summary>
    public long FullSteps { get; init; }

    /// <summary>Optimiser steps between two checkpoints; key <c>log_iters</c>.</summary>
    public int SaveInterval { get; init; }

    /// <summary>Checkpoints that are kept, the oldest going first; key <c>keep_checkpoints</c> (ours).</summary>
    public int KeepCheckpoints { get; init; }

    /// <summary>Steps between two sample videos; key <c>sample_iters</c> (ours); 0 for none.</summary>
    public int SampleInterval { get; init; }

    /// <summary>File of prompts for them; key <c>sample_prompts</c> (ours); null takes the first of the data.</summary>
    public string? SamplePrompts { get; init; }

    /// <summary>Solver steps of sample videos of a network that is not distilled; key <c>sample_steps</c> (ours).</summary>
    public int SampleSteps { get; init; }

    /// <summary>Type of the activations: BF16 with key <c>mixed_precision</c>.</summary>
    public DType Type { get; init; }

    /// <summary>Whether blocks are computed again on the way back; key <c>gradient_checkpointing</c>.</summary>
    public bool Checkpointing { get; init; }

    /// <summary>Optimiser of the generator, or of the one network there is; keys <c>lr beta1 beta2 weight_decay</c>.</summary>
    public AdamWSettings Generator { get; init; }

    /// <summary>Optimiser of the critic; keys <c>lr_critic beta1_critic beta2_critic</c>.</summary>
    public AdamWSettings Critic { get; init; }

    /// <summary>How learning rates rise and fall; keys <c>lr_warmup_steps</c> and <c>lr_decay</c> (ours): <c>none</c>, or <c>cosine</c> down to a tenth at the last step.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Constant;

    /// <summary>Largest gradient of the generator; key <c>max_grad_norm_generator</c>.</summary>
    public double LargestGenerator { get; init; }

    /// <summary>Largest gradient of the critic; key <c>max_grad_norm_critic</c>.</summary>
    public double LargestCritic { get; init; }

    /// <summary>Share the running average of the weights keeps; key <c>ema_weight</c>; 0 for no average.</summary>
    public double AverageDecay { get; init; }

    /// <summary>Step at which the average begins; key <c>ema_start_step</c>.</summary>
    public long AverageStart { get; init; }

    /// <summary>Shape of a batch of latents, <c>[B, F, C, H, W]</c>; key <c>image_or_video_shape</c>, of which B is not read.</summary>
    public Shape Latents { get; init; }

    /// <summary>How roll-outs and denoising steps are made.</summary>
    public required RolloutSettings Rollout { get; init; }

    /// <summary>How scores are asked and what is made of them.</summary>
    public required ScoreSettings Score { get; init; }

    /// <summary>What the diffusion trainer sees.</summary>
    public required DiffusionSettings Diffusion { get; init; }

    /// <summary>The configuration itself, for what a trainer reads alone (<c>vae</c>, the discriminator).</summary>
    public required LayeredConfig Config { get; init; }

    /// <summary>Reads what a run's configuration says about training.</summary>
    /// <param name="path">The run's YAML file; null takes the published run, which is part of the program.</param>
    /// <exception cref="ModelFormatException">The file cannot be read, a value is out of range, or a key asks for what is not here; the message names file and key.</exception>
    public static TrainingSettings Read(string? path) => new TrainingConfig(LayeredConfig.Read(path)).Settings();

    /// <summary>The rates of a step.</summary>
    /// <param name="rates">Rates of the configuration.</param>
    /// <param name="step">The step about to be made, from 0.</param>
    public AdamWSettings RateAt(AdamWSettings rates, long step) => rates with { LearningRate = rates.LearningRate * Schedule.Factor(step) };

    /// <summary>The folder of a model: a name below <see cref="ModelRoot"/>, or a path.</summary>
    /// <param name="name">Name or path.</param>
    public ModelFolder Folder(string name) => ModelFolder.Open(Directory.Exists(name) ? name : Path.Combine(ModelRoot, name));
}
