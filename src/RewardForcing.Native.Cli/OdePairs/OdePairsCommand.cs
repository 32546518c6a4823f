using System.CommandLine;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using static RewardForcing.Native.Cli.OptionKinds;

namespace RewardForcing.Native.Cli;

/// <summary><c>ode-pairs</c>: makes the trajectories of a teacher that a causal student starts from.</summary>
public static class OdePairsCommand
{
    /// <summary>Declares the command.</summary>
    /// <param name="output">Where it says what was made.</param>
    /// <param name="error">Where it says what the user should know.</param>
    public static Command Create(TextWriter output, TextWriter error)
    {
        Option<string?> data = Text("--data_path", "A file of prompts, one a line; each becomes a row.", "FILE");
        data.Required = true;
        Option<string?> folder = Text("--output_folder", "Where the rows go; rows that are there already are kept.", "DIR");
        folder.Required = true;
        Option<string?> config = Text("--config_path", "The student's YAML file; the published Reward Forcing run if not given.", "FILE");
        Option<string?> model = Text("--model_dir", "The folder of the teacher, a Wan text-to-video model; checkpoints/Wan2.1-T2V-1.3B if not given.", "DIR");
        Option<string?> checkpoint = Text("--checkpoint_path", "Weights that replace the folder's transformer.", "FILE");
        Option<string> format = OneOf("--format", "safetensors shards, or an LMDB environment as the reference reads it.", "safetensors", "lmdb");
        Option<string> store = OneOf("--store_dtype", "How shards store rows; LMDB is f16.", "f16", "f32");
        Option<int> steps = new("--num_steps") { Description = "Steps of a trajectory.", HelpName = "N", DefaultValueFactory = static _ => 48 };
        Option<float> guidance = new("--guidance") { Description = "Guidance, 1 for none.", HelpName = "X", DefaultValueFactory = static _ => 6 };
        Option<float?> shift = new("--shift") { Description = "Shift of the steps; the student's if not given.", HelpName = "X" };
        Option<string?> negative = Text("--negative_prompt", "What guidance leads away from; the configuration's if not given.", "TEXT");
        Option<int?> frames = new("--num_latent_frames") { Description = "Latent frames; those of the configuration's image_or_video_shape if not given.", HelpName = "N" };
        Option<int?> height = new("--height") { Description = "Rows of pixels, a multiple of 16; as the configuration says if not given.", HelpName = "N" };
        Option<int?> width = new("--width") { Description = "Columns of pixels, a multiple of 16; as the configuration says if not given.", HelpName = "N" };
        Option<ulong> seed = new("--seed") { Description = "Seed of the noise.", HelpName = "N" };
        Option<string> device = new("--device") { Description = "Where to compute: cpu, cuda (the first GPU) or cuda:N.", HelpName = "NAME", DefaultValueFactory = static _ => "cpu" };
        Option<string> dtype = OneOf("--dtype", "Type of the activations; on a GPU bf16 rounds wider weights too.", "f32", "bf16");
        Option<int> batch = new("--batch_size") { Description = "Trajectories made at once; 0 for as many as pay. The rows are the same.", HelpName = "N" };
        Require(steps, static value => value is >= 1 and <= 1000, "a whole number from 1 to 1000");
        Require(frames, static value => value >= 1, "a whole number from 1 on");
        Require(height, static value => value >= 16, "a multiple of 16");
        Require(width, static value => value >= 16, "a multiple of 16");
        Require(batch, static value => value is >= 0 and <= 4096, "a whole number from 0 to 4096");
        Require(guidance, static value => float.IsFinite(value), "a finite number");
        Require(shift, static value => value is null or (> 0 and <= 1000), "a number above 0, at most 1000");
        Command command = new("ode-pairs", "Make the trajectories of a teacher that a causal student starts from.")
        {
            data, folder, model, checkpoint, config, format, store, steps, guidance, shift, negative, frames, height, width, seed, device, dtype, batch,
        };
        command.SetAction((parsed, cancellation) =>
        {
            OdePairOptions options = new()
            {
                DataPath = parsed.GetValue(data)!,
                OutputFolder = parsed.GetValue(folder)!,
                ConfigPath = parsed.GetValue(config),
                ModelFolder = parsed.GetValue(model),
                CheckpointPath = parsed.GetValue(checkpoint),
                WritesLmdb = parsed.GetValue(format) == "lmdb",
                Store = parsed.GetValue(store) == "f32" ? ElementType.F32 : ElementType.F16,
                Steps = parsed.GetValue(steps),
                Guidance = parsed.GetValue(guidance),
                Shift = parsed.GetValue(shift),
                NegativePrompt = parsed.GetValue(negative),
                LatentFrames = parsed.GetValue(frames),
                Height = parsed.GetValue(height),
                Width = parsed.GetValue(width),
                Seed = parsed.GetValue(seed),
                Device = parsed.GetValue(device)!,
                Type = parsed.GetValue(dtype) == "bf16" ? DType.BF16 : DType.F32,
                Batch = parsed.GetValue(batch),
            };
            return OdePairsDisplay.Run(output, error, options, cancellation);
        });
        command.Validators.Add(result =>
        {
            if (result.GetValue(format) == "lmdb" && result.GetResult(store) is { Implicit: false } && result.GetValue(store) == "f32")
            {
                result.AddError("--format lmdb stores f16, as the reference reads it; leave out --store_dtype, or take --format safetensors.");
            }
        });
        return command;
    }
}
