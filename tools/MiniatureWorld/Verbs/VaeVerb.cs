using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Trains the miniature's VAE: from nothing, or on from a file.</summary>
internal static class VaeVerb
{
    private const int Told = 25;
    private const int Measured = 48;

    public static void Run(ToolArguments arguments)
    {
        (string clips, string output, string? from) = (arguments.Need("--clips"), arguments.Need("--output"), arguments.Take("--from"));
        (int steps, int seed, int share) = (arguments.Whole("--steps", 400), arguments.Whole("--seed", 0, least: 0), arguments.Whole("--image_percent", 100, least: 0));
        bool isDecoder = arguments.Take("--part") is string part ? part == "decoder" ? true : throw new ArgumentException($"vae: --part must be decoder, got '{part}'; without it all is trained.") : false;
        VaeTrainingSettings settings = new()
        {
            Optimizer = new AdamWSettings(arguments.Whole("--lr_millionths", 600) * 1e-6, 0.9, 0.99, WeightDecay: 1e-4),
            Schedule = new RateSchedule(from is null ? 50 : 40, Math.Max(0, steps - 50), 0.03),
            SquareWeight = 10,
            LargestGradient = 3,
            ImageBatch = arguments.Whole("--image_batch", 12),
            VideoBatch = arguments.Whole("--video_batch", 2),
            ImageShare = share / 100.0,
            Frames = arguments.Whole("--frames", 17),
            AverageDecay = 0.99,
            DecoderOnly = isDecoder,
            Seed = (ulong)seed,
        };
        arguments.RequireNothingElse();
        using CpuDevice device = new();
        using IClipStore store = ClipStores.Open(clips);
        using WanVae vae = from is null ? VaeStart.Create(device, MiniatureGeometry.Vae, (ulong)seed, store) : Load(device, from);
        using VaeTrainer trainer = new(vae, store, settings);
        Train(trainer, steps);
        Write(output, trainer.Parts[0], vae.Config, isDecoder ? null : store);
    }

    private static WanVae Load(CpuDevice device, string from)
    {
        using TensorArchive archive = TensorArchive.Open(from);
        return WanVae.Load(device, archive, null, new VaeOptions { Weights = new WeightRules { IsWritable = true } });
    }

    private static void Train(VaeTrainer trainer, int steps)
    {
        long start = Stopwatch.GetTimestamp();
        Dictionary<string, double> sums = [];
        while (trainer.Steps < steps)
        {
            foreach ((string key, double value) in trainer.Step(CancellationToken.None).Values)
            {
                sums[key] = sums.GetValueOrDefault(key) + value;
            }

            if (trainer.Steps % Told == 0 || trainer.Steps == steps)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{trainer.Steps,5}  l1 {sums["vae_l1"] / Told:F4}  kl {sums["vae_kl"] / Told:F2}  grad {sums["vae_grad_norm"] / Told:F2}  lr {sums["lr"] / Told:G3}  {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s"));
                sums.Clear();
            }
        }
    }

    // What is measured must be what is written: the averages.
    private static void Write(string path, TrainedPart part, VaeConfig config, IClipStore? store)
    {
        CpuDevice device = (CpuDevice)part.Weights.Device;
        WeightSet weights = WeightSet.Create(device, WanVae.Declare(config));
        foreach (Parameter parameter in part.Average?.Averages ?? part.Weights)
        {
            weights[parameter.Name].Value.CopyFrom<float>(parameter.Value.ToFloats());
        }

        using WanVae vae = new(config, weights);
        LatentStatistics statistics = store is null ? LatentStatistics.Assumed(config) : LatentStatistics.Measure(vae, store, Measured);
        VaeFile.Write(path, vae.Weights, config, statistics);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: deviations before folding {statistics.Deviation.Min():F2} to {statistics.Deviation.Max():F2}"));
    }
}
