using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Trainings as a user starts them: every trainer makes steps, and what kills, fills or damages them loses nothing.</summary>
public sealed class TrainProcessTests : IClassFixture<MiniModel>
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);
    private readonly MiniModel _model;
    private readonly string _folder;

    public TrainProcessTests(MiniModel model)
    {
        (_model, _folder) = (model, model.NewFolder());
        Directory.CreateDirectory(_folder);
        File.WriteAllLines(InFolder("prompts.txt"), Enumerable.Range(0, 10).Select(static i => $"a red circle moves left {i}"));
        Write("latents", ClipKind.Latents, new Shape(6, 16, 4, 4));
        Write("trajectories", ClipKind.Trajectories, new Shape(5, 6, 16, 4, 4));
    }

    [Theory]
    [InlineData("diffusion", "data_path: {latents}, causal: false", "generator_loss")]
    [InlineData("diffusion", "data_path: {latents}, teacher_forcing: true, noise_augmentation_max_timestep: 100, mixed_precision: true", "generator_loss")]
    [InlineData("ode", "data_path: {trajectories}", "generator_loss")]
    [InlineData("score_distillation", "data_path: {prompts.txt}, distribution_loss: dmd, gradient_checkpointing: true", "critic_loss")]
    [InlineData("score_distillation", "data_path: {prompts.txt}, distribution_loss: sid", "critic_loss")]
    [InlineData("score_distillation", "data_path: {latents}, distribution_loss: causvid", "critic_loss")]
    [InlineData("rewarded_distillation", "data_path: {prompts.txt}, beta: 2.0, ts_schedule: true, denoising_loss_type: x0", "reward")]
    [InlineData("gan", "data_path: {latents}, num_class: 1, r1_weight: 0.1, discriminator_warmup_steps: 1", "critic_loss")]
    public void Train_EveryTrainer_MakesStepsAndWritesACheckpoint(string trainer, string keys, string value)
    {
        string config = Config(trainer, keys, steps: 2);
        CommandResult result = Train(config, "run");

        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement[] log = Log("run");
        Assert.Equal([1, 2], log.Select(static line => line.GetProperty("step").GetInt32()));
        Assert.True(double.IsFinite(log[0].GetProperty(value).GetDouble()));
        Assert.Contains(Path.Combine(InFolder("run"), "checkpoint_model_000002"), result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rewarded_distillation", "data_path: {prompts.txt}, beta: 2.0, ema_start_step: 2")]
    [InlineData("rewarded_distillation", "data_path: {prompts.txt}, beta: 2.0, loop: reference, kv_grad: straight_through, critic_flow: reference, context_refresh_noise: reference")]
    [InlineData("diffusion", "data_path: {latents}, prompt_dropout: 0.2, beta1: 0.9, lr_warmup_steps: 3, lr_decay: cosine, ema_start_step: 2")]
    public void Kill_AtAnyMoment_ResumedRunEndsWithTheSameBits(string trainer, string keys)
    {
        string config = Config(trainer, keys, steps: 6);
        Assert.Equal(0, Train(config, "whole").ExitCode);
        using (Process process = Command.Start("rewardforcing", new Dictionary<string, string>(), Arguments(config, "killed")))
        {
            Assert.True(SpinWait.SpinUntil(() => TrainingCheckpoint.Find(InFolder("killed")).Count > 0 || process.HasExited, _patience));
            process.Kill();
            process.WaitForExit();
        }

        Assert.All(TrainingCheckpoint.Find(InFolder("killed")), static folder => _ = TrainingCheckpoint.Open(folder));
        CommandResult refused = Train(config, "killed");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("add --resume to go on", refused.Error, StringComparison.Ordinal);
        CommandResult resumed = Train(config, "killed", "--resume");
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        string[] names = [.. Directory.GetFiles(Last("whole")).Select(static file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        Assert.Equal(names, Directory.GetFiles(Last("killed")).Select(static file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(Path.Combine(Last("whole"), name)), File.ReadAllBytes(Path.Combine(Last("killed"), name))));
        Assert.Equal(Log("whole").Select(Numbers), Log("killed").Select(Numbers));
    }

    [Fact]
    public void Resume_DamagedCheckpoint_IsRefusedAndTheOneBeforeGoesOn()
    {
        string config = Config("diffusion", "data_path: {latents}, causal: false", steps: 4);
        Assert.Equal(0, Train(config, "run").ExitCode);
        string last = Last("run"), weights = Path.Combine(last, "generator.safetensors"), before = TrainingCheckpoint.Find(InFolder("run"))[^2];
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^5] ^= 1;
        File.WriteAllBytes(weights, bytes);

        CommandResult refused = Train(config, "run", "--resume");
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal($"{weights}: is not what was written, so the checkpoint is damaged; go on from the one before with --resume {before}.", refused.Error.Trim());
        Assert.Equal(bytes, File.ReadAllBytes(weights));
        CommandResult resumed = Train(config, "run", "--resume", before);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        _ = TrainingCheckpoint.Open(Last("run"));
    }

    [Fact]
    public void Resume_OtherConfiguration_NamesWhatChanged()
    {
        Assert.Equal(0, Train(Config("diffusion", "data_path: {latents}, causal: false", steps: 1), "run").ExitCode);
        CommandResult result = Train(Config("diffusion", "data_path: {latents}, causal: false, weight_decay: 0.5", steps: 2), "run", "--resume");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("was made with another configuration: weight_decay (0.01, now 0.5)", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_LogdirIsAFile_FailsInASentenceBeforeAnythingIsLoaded()
    {
        File.WriteAllText(InFolder("taken"), "mine");
        CommandResult result = Train(Config("diffusion", "data_path: {latents}, causal: false", steps: 1), "taken");

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"{InFolder("taken")}: nothing can be written there", result.Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(InFolder("taken")));
    }

    [Fact]
    public void Train_LossWithoutBounds_StopsAndTheCheckpointBeforeIsWhole()
    {
        CommandResult result = Train(Config("diffusion", "data_path: {latents}, causal: false, lr: 900, lr_warmup_steps: 3, max_grad_norm_generator: 1000000000", steps: 40), "run");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ower the learning rate", result.Error, StringComparison.Ordinal);
        Assert.Contains("checkpoint", result.Error, StringComparison.Ordinal);
        Assert.All(TrainingCheckpoint.Find(InFolder("run")), static folder => _ = TrainingCheckpoint.Open(folder));
    }

    [Fact]
    public void Train_Trajectories_OfAnotherNumberOfSteps_AreRefused()
    {
        CommandResult result = Train(Config("ode", "data_path: {trajectories}, denoising_step_list: [1000, 500]", steps: 1), "run");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("has trajectories of 5 points, but denoising_step_list has 2 steps, which need 3", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void ExportPt_IsReadAsTheReferencesCheckpoint()
    {
        string config = Config("score_distillation", "data_path: {prompts.txt}", steps: 1);
        Assert.Equal(0, Train(config, "run", "--export_pt").ExitCode);
        string file = Path.Combine(Last("run"), "model.pt");
        using TensorArchive archive = TensorArchive.Open(file), weights = TensorArchive.Open(Path.Combine(Last("run"), "generator.safetensors"));

        Assert.All(weights.Entries, entry => Assert.True(archive.TryGet($"generator.model.{entry.Name}", out _)));
        Assert.Equal(2 * weights.Entries.Count, archive.Entries.Count);
        CommandResult video = Command.Run(
            "generate", "--model_dir", _model.Folder, "--checkpoint_path", file, "--prompt", "a red fox", "--height", "32", "--width", "32", "--num_output_frames", "3", "--format", "apng", "--output_folder", InFolder("videos"));
        Assert.True(video.ExitCode == 0, video.Error);
    }

    // A line of the log but for times and memory.
    private static string Numbers(JsonElement line) => string.Join(' ', line.EnumerateObject()
        .Where(static one => !one.Name.StartsWith("seconds", StringComparison.Ordinal) && one.Name is not ("time" or "per iteration time" or "memory_gb")).Select(static one => $"{one.Name}={one.Value}"));

    private static string[] Options => ["--no_visualize", "--disable-wandb"];

    private string InFolder(string name) => Path.Combine(_folder, name);

    private string Last(string run) => TrainingCheckpoint.Find(InFolder(run))[^1];

    private string[] Arguments(string config, string run, params string[] more) => ["train", "--config_path", config, "--logdir", InFolder(run), .. Options, .. more];

    private CommandResult Train(string config, string run, params string[] more) => Command.Run(Arguments(config, run, more));

    private JsonElement[] Log(string run) => [.. File.ReadLines(Path.Combine(InFolder(run), "log.jsonl")).Select(static line => JsonDocument.Parse(line).RootElement)];

    private string Config(string trainer, string keys, int steps)
    {
        Dictionary<string, string> values = new()
        {
            ["trainer"] = trainer,
            ["generator_name"] = _model.Folder,
            ["real_name"] = _model.Folder,
            ["fake_name"] = _model.Folder,
            ["seed"] = "7",
            ["batch_size"] = "1",
            ["gradient_accumulation_steps"] = "2",
            ["lr"] = "1.0e-3",
            ["log_iters"] = "1",
            ["keep_checkpoints"] = "2",
            ["ema_weight"] = "0.9",
            ["ema_start_step"] = "100",
            ["full_training_steps"] = steps.ToString(CultureInfo.InvariantCulture),
            ["image_or_video_shape"] = "[1, 6, 16, 4, 4]",
            ["num_training_frames"] = "6",
            ["num_frame_per_block"] = "3",
            ["denoising_step_list"] = "[1000, 750, 500, 250]",
            ["warp_denoising_step"] = "true",
            ["ts_schedule"] = "false",
            ["timestep_shift"] = "5.0",
            ["guidance_scale"] = "3.0",
            ["dfake_gen_update_ratio"] = "2",
            ["model_kwargs"] = "{timestep_shift: 5.0, local_attn_size: 6, sink_size: 3}",
            ["negative_prompt"] = "\"\"",
        };
        foreach (Match pair in Regex.Matches(keys.Replace("{", _folder + Path.DirectorySeparatorChar, StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), @"(\w+): (\[[^\]]*\]|[^,]+)"))
        {
            values[pair.Groups[1].Value] = pair.Groups[2].Value;
        }

        string file = InFolder($"{Guid.NewGuid():N}.yaml");
        File.WriteAllLines(file, values.Select(static pair => $"{pair.Key}: {pair.Value}"));
        return file;
    }

    private void Write(string name, ClipKind kind, Shape shape)
    {
        Random random = new(1);
        using ClipShardWriter writer = new(InFolder(name), kind, shape, ElementType.F32);
        for (int i = 0; i < 6; i++)
        {
            writer.Append(new Clip($"a red circle moves left {i}", shape, [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (float)((random.NextDouble() * 4) - 2))]));
        }

        writer.Flush();
    }
}
