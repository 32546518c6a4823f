using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>
/// Makes the data a causal student starts from: for every prompt of a file the points of a teacher's trajectory at the student's timesteps, <c>[K, F, C, H, W]</c>.
/// Row and line have the same number. Rows that are there already are kept; a run that is stopped leaves whole rows, and the next one goes on behind them.
/// </summary>
/// <param name="options">What to make.</param>
/// <param name="tell">Told how far it is; may be null.</param>
/// <param name="open">Opens a device by name; null for the usual way.</param>
/// <remarks>Noise of a row is <see cref="PhiloxNoise"/> of seed and line: that of <c>generate --seed</c> for the same line. Spec: training 5.4.</remarks>
public sealed class OdePairs(OdePairOptions options, IProgress<OdePairEvent>? tell = null, Func<string, Device>? open = null)
{
    private const string DefaultTeacher = "Wan2.1-T2V-1.3B";
    private const int PixelsPerLatent = 8;
    private const int MostBatch = 16;
    private const int BatchTokens = 4096;

    // Texts encoded at once; a published model's take up to 8 MB each.
    private const int Segment = 64;
    private static readonly TimeSpan _flush = TimeSpan.FromSeconds(30);

    /// <summary>Runs to the last prompt.</summary>
    /// <param name="cancellation">Stops between two layers; rows that are done are written first.</param>
    /// <returns>Rows that were made, and rows there are.</returns>
    /// <exception cref="ArgumentException">Options contradict each other, or the student's steps are none of the teacher's.</exception>
    /// <exception cref="ModelFormatException">A file is damaged, or the folder holds rows that were made otherwise.</exception>
    /// <exception cref="IOException">A file is missing or rows could not be written; those written before stay.</exception>
    public (int Made, int Rows) Run(CancellationToken cancellation = default)
    {
        LayeredConfig layered = LayeredConfig.Read(options.ConfigPath);
        RunConfig config = RunConfig.Read(options.ConfigPath);
        OdeSteps steps = Steps(config);
        IReadOnlyList<string> prompts = PromptFile.Read(options.DataPath);
        if (prompts.Count == 0)
        {
            throw new ModelFormatException(options.DataPath, "holds no prompts, expected one a line");
        }

        ModelFolder folder = ModelFolder.Open(options.ModelFolder ?? Path.Combine(config.ModelRoot, DefaultTeacher));
        WanConfig network = folder.Config(options.CheckpointPath);
        if (network.IsImageToVideo)
        {
            throw new ArgumentException($"{folder.Path}: is an image-to-video model, expected a text-to-video teacher.");
        }

        Shape shape = Clip(layered, network);
        using Device device = open is null ? Devices.Open(options.Device) : open(options.Device);
        WeightRules rules = new() { RoundTo = options.Type == DType.BF16 && !device.IsHost ? DType.BF16 : null };
        tell?.Report(new OdePairEvent.Stage("loading the teacher"));
        using WanTransformer teacher = folder.LoadTransformer(device, options.CheckpointPath, new WanLoadOptions { Weights = rules }, null, cancellation);
        string negative = options.NegativePrompt ?? config.NegativePrompt ?? "";
        using IClipWriter writer = Writer(shape, steps, Notes(steps, negative, teacher));
        RefuseOtherPrompts(prompts, writer.Written);
        int made = Make(new OdeTeacher(teacher, steps, options.Guidance, options.Type), folder, rules, prompts, negative, shape, writer, cancellation);
        return (made, writer.Written);
    }

    private int Make(
        OdeTeacher teacher, ModelFolder folder, WeightRules rules, IReadOnlyList<string> prompts, string negative, Shape shape, IClipWriter writer, CancellationToken cancellation)
    {
        int first = writer.Written, batch = options.Batch > 0 ? options.Batch : Batch(shape, teacher.Model.Config.Patch);
        long started = Stopwatch.GetTimestamp(), flushed = started;
        PromptEmbedding? away = null;
        PromptEmbedding[] texts = [];
        int encoded = first;
        try
        {
            for (int row = first; row < prompts.Count; row += batch)
            {
                int count = Math.Min(batch, prompts.Count - row);
                if (row + count > encoded + texts.Length || texts.Length == 0)
                {
                    encoded = row;
                    tell?.Report(new OdePairEvent.Stage("encoding prompts"));
                    IEnumerable<string> wanted = prompts.Skip(row).Take(Math.Max(Segment, count));
                    texts = folder.EncodePrompts(teacher.Model.Device, [.. wanted, .. away is null && teacher.Guidance != 1 ? [negative] : Array.Empty<string>()], options.Type, teacher.Model.Config.TextTokens, rules, cancellation);
                    (away, texts) = away is null && teacher.Guidance != 1 ? (texts[^1], texts[..^1]) : (away, texts);
                    started = row == first ? Stopwatch.GetTimestamp() : started;
                }

                int begun = row;
                float[][] rows = teacher.Follow(texts.AsSpan(row - encoded, count).ToArray(), away, shape, Noise(shape, row, count), step => Tell(begun, count, step), cancellation);
                for (int i = 0; i < count; i++)
                {
                    writer.Append(new Clip(prompts[row + i], writer.ClipShape, Finite(rows[i], row + i)));
                }

                if (Stopwatch.GetElapsedTime(flushed) > _flush)
                {
                    writer.Flush();
                    flushed = Stopwatch.GetTimestamp();
                }
            }
        }
        catch (Exception error) when (error is not IOException)
        {
            // What is done is done: the next run goes on behind it.
            writer.Flush();
            throw;
        }

        writer.Flush();
        return prompts.Count - first;

        void Tell(int row, int count, int step)
        {
            double share = (row - first + (count * (double)step / teacher.Steps.Steps)) / Math.Max(1, prompts.Count - first);
            tell?.Report(new OdePairEvent.Progress(row, prompts.Count, step, teacher.Steps.Steps, share, Stopwatch.GetElapsedTime(started)));
        }
    }

    private OdeSteps Steps(RunConfig config)
    {
        IReadOnlyList<int> list = config.DenoisingSteps
            ?? throw new ModelFormatException(config.Path ?? "the published run", "has no denoising_step_list, which says at what noise the student is to start", "denoising_step_list");
        FlowMatchSchedule schedule = new(options.Shift ?? config.FewStepShift);
        int[] wanted = [.. list];
        return OdeSteps.Find(config.WarpsSteps ? schedule.Warp(wanted) : Array.ConvertAll(wanted, static step => (float)step), options.Steps, schedule.Shift);
    }

    private Shape Clip(LayeredConfig config, WanConfig network)
    {
        int[]? shape = config.Wholes("image_or_video_shape", 1, 1 << 20);
        if (shape is not null && (shape.Length != 5 || shape[2] != network.OutChannels))
        {
            throw config.Find("image_or_video_shape")!.Value.Wrong($"five numbers, [batch, frames, channels, height, width] of the latents, with {network.OutChannels} channels as the teacher has");
        }

        int frames = options.LatentFrames ?? shape?[1] ?? 21;
        int height = Latent(options.Height, "--height", shape?[3] ?? 60, network.Patch), width = Latent(options.Width, "--width", shape?[4] ?? 104, network.Patch);
        return new Shape(frames, network.OutChannels, height, width);
    }

    private static int Latent(int? pixels, string name, int otherwise, int patch)
    {
        int step = PixelsPerLatent * patch;
        if (pixels is int wanted)
        {
            return wanted >= step && wanted % step == 0 ? wanted / PixelsPerLatent : throw new ArgumentException($"{name} must be a multiple of {step}, got {wanted}.");
        }

        return otherwise % patch == 0 ? otherwise : throw new ArgumentException($"image_or_video_shape: height and width must be multiples of {patch}, got {otherwise}.");
    }

    private static int Batch(Shape clip, int patch)
    {
        long tokens = (long)clip[0] * (clip[2] / patch) * (clip[3] / patch);
        return (int)Math.Clamp(BatchTokens / tokens, 1, MostBatch);
    }

    private float[] Noise(Shape clip, int row, int count)
    {
        float[] noise = new float[checked(count * (int)clip.Count)];
        for (int i = 0; i < count; i++)
        {
            using PhiloxNoise source = new(options.Seed, row + i);
            source.Begin(new NoiseShape(1, clip[0], clip[1], clip[2], clip[3], DType.F32));
            source.Initial(0, 0, clip[0], noise.AsSpan(i * (int)clip.Count, (int)clip.Count));
        }

        return noise;
    }

    private static float[] Finite(float[] values, int row)
    {
        int bad = Array.FindIndex(values, static value => !float.IsFinite(value));
        return bad < 0 ? values
            : throw new NotFiniteNumberException($"ode pairs: the trajectory of prompt {row} (line {row + 1}) became {values[bad]}; rows before it are written. Lower --guidance, or look whether the teacher's weights are whole.", values[bad]);
    }

    private IClipWriter Writer(Shape clip, OdeSteps steps, Dictionary<string, string> notes)
    {
        Shape row = new([steps.Points, .. clip.ToArray()]);
        return options.WritesLmdb ? new LmdbClipWriter(options.OutputFolder, row, notes) : new ClipShardWriter(options.OutputFolder, ClipKind.Trajectories, row, options.Store, 0, notes);
    }

    // Whatever changes the values of rows, so that a folder holds rows of one kind. The teacher is known by the bits of its last layer.
    private Dictionary<string, string> Notes(OdeSteps steps, string negative, WanTransformer teacher)
    {
        float[] head = teacher.Weights["head.head.weight"].Value.ToFloats();
        Dictionary<string, string> notes = new(StringComparer.Ordinal)
        {
            ["seed"] = options.Seed.ToString(CultureInfo.InvariantCulture),
            ["steps"] = steps.Steps.ToString(CultureInfo.InvariantCulture),
            ["shift"] = steps.Shift.ToString(CultureInfo.InvariantCulture),
            ["guidance"] = options.Guidance.ToString(CultureInfo.InvariantCulture),
            ["timesteps"] = string.Join(' ', steps.Timesteps.Select(static timestep => timestep.ToString(CultureInfo.InvariantCulture))),
            ["type"] = options.Type.ToString(),
            ["teacher"] = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(head)))[..16],
        };
        if (options.Guidance != 1)
        {
            notes["negative_prompt"] = negative;
        }

        return notes;
    }

    private void RefuseOtherPrompts(IReadOnlyList<string> prompts, int written)
    {
        if (written == 0)
        {
            return;
        }

        using IClipStore store = ClipStores.Open(options.OutputFolder);
        for (int row = 0; row < written; row++)
        {
            string found = store.Prompt(row);
            if (row >= prompts.Count || found != prompts[row])
            {
                string expected = row < prompts.Count ? $"\"{Printable.Text(prompts[row], 60)}\"" : $"the end, for {options.DataPath} has {prompts.Count:N0}";
                throw new ModelFormatException(options.OutputFolder, $"row {row:N0} is for the prompt \"{Printable.Text(found, 60)}\", expected {expected}; give the file of prompts it was begun with, or another --output_folder");
            }
        }
    }
}
