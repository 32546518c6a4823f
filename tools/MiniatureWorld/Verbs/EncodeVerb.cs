using System.Diagnostics;
using System.Globalization;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Turns videos into latents: the mean of what the encoder says, normalised as generation takes it. An output that has rows already is continued.</summary>
internal static class EncodeVerb
{
    private const int Rows = 256;

    public static void Run(ToolArguments arguments)
    {
        (string clips, string model, string output) = (arguments.Need("--clips"), arguments.Need("--model_dir"), arguments.Need("--output"));
        arguments.RequireNothingElse();
        using CpuDevice device = new();
        using WanVae vae = ModelFolder.Open(model).LoadVae(device);
        using IClipStore store = ClipStores.Open(clips);
        long start = Stopwatch.GetTimestamp();
        using ClipShardWriter writer = new(output, ClipKind.Latents, LatentShape(vae.Config, store), ElementType.F16, Rows, store.Notes);
        for (int i = writer.Written; i < store.Count; i++)
        {
            using Pass pass = Pass.Inference(device);
            Tensor latents = Permute.Forward(pass, VideoTensors.Encode(pass, vae, store.Read(i)), 0, 1, 4, 2, 3);
            writer.Append(new Clip(store.Prompt(i), writer.ClipShape, latents.ToFloats()));
        }

        writer.Flush();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{output}: {writer.Written} latents of {writer.ClipShape}, {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s"));
    }

    private static Shape LatentShape(VaeConfig config, IClipStore store)
    {
        Shape video = store.Kind == ClipKind.Videos ? store.ClipShape : throw new ArgumentException($"encode: --clips must hold videos, got {store.Kind} of {store.ClipShape}.");
        return new Shape(1 + ((video[0] - 1) / config.TemporalScale), config.LatentChannels, video[1] / config.SpatialScale, video[2] / config.SpatialScale);
    }
}
