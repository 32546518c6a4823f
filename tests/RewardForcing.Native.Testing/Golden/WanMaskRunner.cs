using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Tables of training masks, padding rows and columns included.</summary>
public sealed class WanMaskRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file)
    {
        return file.Config.ValueKind == JsonValueKind.Object && file.Config.EnumerateObject().Any()
            && file.Config.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.Object
                && entry.Value.TryGetProperty("frame_seqlen", out _) && file.Has($"out.{entry.Name}"));
    }

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        foreach (JsonProperty entry in file.Config.EnumerateObject())
        {
            int frames = entry.Value.GetProperty("num_frames").GetInt32();
            int tokens = entry.Value.GetProperty("frame_seqlen").GetInt32();
            JsonElement local = entry.Value.GetProperty("local_attn_size");
            using Pass pass = Pass.Inference(device);
            TrainingMask mask = new()
            {
                FramesPerBlock = entry.Value.GetProperty("num_frame_per_block").GetInt32(),
                LocalFrames = local.ValueKind == JsonValueKind.Number ? local.GetInt32() : -1,
                IndependentFirstFrame = entry.Name.StartsWith("i2v", StringComparison.Ordinal),
                CleanX = entry.Name.StartsWith("tf", StringComparison.Ordinal) ? pass.New(new Shape(1)) : null,
            };
            yield return Compare(file, $"out.{entry.Name}", mask.Attention(frames, tokens));
        }
    }

    /// <summary>Compares every cell of a mask with a stored table.</summary>
    internal static Comparison Compare(GoldenFile file, string name, AttentionMask mask)
    {
        byte[] expected = file.Bytes(name);
        int[] shape = file.ShapeOf(name);
        int wrong = 0;
        for (int query = 0; query < shape[0]; query++)
        {
            for (int key = 0; key < shape[1]; key++)
            {
                wrong += mask.Allows(query, key, shape[1]) == (expected[(query * shape[1]) + key] != 0) ? 0 : 1;
            }
        }

        return new Comparison(name, wrong, 0);
    }
}
