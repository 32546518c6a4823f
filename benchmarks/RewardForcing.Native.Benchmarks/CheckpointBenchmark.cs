using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Loads the transformer of a checkpoint and runs denoising steps with it: seconds, and memory beside the size of the file.</summary>
internal static class CheckpointBenchmark
{
    private const int Frames = 3;
    private const int Steps = 2;

    /// <summary>Runs it and prints one line for each phase.</summary>
    /// <param name="arguments">The checkpoint; then, if wanted, latent height and width (default 16 and 28, for 128 x 224 pixels).</param>
    /// <returns>The exit code.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length is not (1 or 3))
        {
            Console.Error.WriteLine("usage: bench checkpoint FILE [LATENT_HEIGHT LATENT_WIDTH]");
            return 2;
        }

        (int height, int width) = arguments.Length == 3
            ? (int.Parse(arguments[1], CultureInfo.InvariantCulture), int.Parse(arguments[2], CultureInfo.InvariantCulture))
            : (16, 28);
        using CpuDevice device = new();
        long start = Stopwatch.GetTimestamp();
        using TensorArchive archive = TensorArchive.Open(arguments[0]);
        long bytes = archive.Entries.Sum(static entry => entry.ByteLength);
        using WanTransformer model = WanTransformer.Load(device, ModelRecognizer.Recognize(archive).Wan ?? WanConfig.T2V1_3B, archive);
        Print("load", start, bytes);
        Denoise(device, model, height, width, bytes);
        return 0;
    }

    private static void Denoise(CpuDevice device, WanTransformer model, int height, int width, long bytes)
    {
        using CausalState state = new(model, CachePolicy.RewardForcing, 1, height, width, DType.F32, Frames);
        long start = Stopwatch.GetTimestamp();
        using (Pass pass = Pass.Inference(device))
        {
            state.SetText(pass, pass.Zeros(new Shape(1, 1, model.Config.TextDim), DType.F32));
        }

        Print("keys and values of the text", start, bytes);
        for (int step = 0; step < Steps; step++)
        {
            start = Stopwatch.GetTimestamp();
            using Pass pass = Pass.Inference(device);
            model.ForwardCausal(pass, pass.Zeros(new Shape(1, model.Config.OutChannels, Frames, height, width), DType.F32), [1000], state, 0);
            Print($"denoise step {step + 1}: {Frames} latent frames of {height} x {width}", start, bytes);
        }
    }

    private static void Print(string phase, long start, long bytes)
    {
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long resident = Environment.WorkingSet;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{phase,-52} {seconds,8:F2} s   resident {resident / 1e9,6:F3} GB = {resident / (double)bytes:F2} x the {bytes / 1e9:F3} GB of weights"));
    }
}
