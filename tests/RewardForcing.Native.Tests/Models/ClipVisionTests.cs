using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class ClipVisionTests : IDisposable
{
    private static readonly ClipVisionConfig Tiny = new() { Dim = 4, Heads = 2, Layers = 2, FfnDim = 6, ImageSize = 4, PatchSize = 2 };
    private readonly CpuDevice _device = new(1, checkMemory: true);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Parameters_PublishedTower_HasTheShapesOfTheCheckpoint()
    {
        ClipVisionConfig config = new();
        Assert.Equal(257, config.Tokens);
        Assert.Equal(5 + (31 * 12), config.Parameters().Count);
    }

    // With one block whose projections back to the stream are zero, the features are the normalised embedding: written out here.
    [Fact]
    public void Encode_BlockWithoutEffect_GivesTheNormalisedEmbedding()
    {
        using TensorFile file = Checkpoint(static name => name.Contains("attn.proj", StringComparison.Ordinal) || name.Contains("mlp.2", StringComparison.Ordinal) ? 0 : 1);
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using ClipVision clip = ClipVision.Load(_device, Tiny, archive);
        float[] image = TinyWan.Noise(48, 1);
        Dictionary<string, float[]> w = Tiny.Parameters().ToDictionary(spec => spec.Name, spec => Values(spec));
        double[] mean = [0.48145466, 0.4578275, 0.40821073];
        double[] deviation = [0.26862954, 0.26130258, 0.27577711];
        var expected = new float[5 * 4];
        for (int token = 0; token < 5; token++)
        {
            var row = new double[4];
            for (int c = 0; c < 4; c++)
            {
                row[c] = w["pos_embedding"][(token * 4) + c] + (token == 0 ? w["cls_embedding"][c] : 0);
                for (int k = 0; token > 0 && k < 12; k++)
                {
                    (int channel, int y, int x) = (k / 4, ((token - 1) / 2 * 2) + (k / 2 % 2), ((token - 1) % 2 * 2) + (k % 2));
                    row[c] += w["patch_embedding.weight"][(c * 12) + k] * (((0.5 * image[(channel * 16) + (y * 4) + x]) + 0.5 - mean[channel]) / deviation[channel]);
                }
            }

            double average = row.Average();
            double variance = row.Average(v => (v - average) * (v - average));
            for (int c = 0; c < 4; c++)
            {
                expected[(token * 4) + c] = (float)(((row[c] - average) / Math.Sqrt(variance + 1e-5) * w["pre_norm.weight"][c]) + w["pre_norm.bias"][c]);
            }
        }

        using Pass pass = Pass.Inference(_device);
        Assert.True(TinyWan.RelativeError(clip.Encode(pass, pass.From<float>(new Shape(1, 3, 4, 4), image)).ToFloats(), expected) < 1e-5);
    }

    [Fact]
    public void Encode_BatchOfTwo_EqualsTwoBatchesOfOne()
    {
        using TensorFile file = Checkpoint(static _ => 1);
        using TensorArchive archive = TensorArchive.Open(file.Path);
        using ClipVision clip = ClipVision.Load(_device, Tiny, archive);
        using Pass pass = Pass.Inference(_device);
        Tensor images = pass.From<float>(new Shape(2, 3, 4, 4), TinyWan.Noise(96, 2));
        float[] both = clip.Encode(pass, images).ToFloats();
        float[] one = [.. clip.Encode(pass, pass.Slice(images, 0, 1)).ToFloats(), .. clip.Encode(pass, pass.Slice(images, 1, 1)).ToFloats()];
        Assert.True(TinyWan.RelativeError(both, one) < 1e-6);
        Assert.Throws<ArgumentException>(() => clip.Encode(pass, pass.New(new Shape(1, 3, 4, 5))));
    }

    // The same numbers under Hugging Face's names: three projections instead of a packed one, embeddings without leading ones.
    [Fact]
    public void Encode_HuggingFaceNames_GivesTheSameFeatures()
    {
        using TensorFile file = Checkpoint(static _ => 1), other = new();
        foreach (ParameterSpec spec in Tiny.Parameters(isPacked: false))
        {
            string packed = System.Text.RegularExpressions.Regex.Replace(spec.Name, @"attn\.[qkv]\.", "attn.to_qkv.");
            float[] values = Values(Tiny.Parameters().First(all => all.Name == packed));
            int index = packed == spec.Name ? 0 : "qkv".IndexOf(spec.Name.Split('.')[3][0], StringComparison.Ordinal);
            int count = (int)spec.Shape.Count;
            other.Add(ClipVisionKeyMap.HuggingFaceName(spec.Name), spec.Shape.ToArray(), values.AsSpan(index * count, count).ToArray());
        }

        foreach (string unused in new[] { "vision_model.encoder.layers.1.self_attn.out_proj.weight", "vision_model.encoder.layers.1.mlp.fc1.bias" })
        {
            other.Add(unused, [1, 1], [0]);
        }

        foreach (string unused in new[] { "vision_model.post_layernorm.weight", "vision_model.embeddings.position_ids", "visual_projection.weight", "text_model.x", "logit_scale" })
        {
            other.Add(unused, [1], [0]);
        }

        using TensorArchive original = TensorArchive.Open(file.Path), huggingFace = TensorArchive.Open(other.Write().Path);
        using ClipVision expected = ClipVision.Load(_device, Tiny, original);
        using ClipVision actual = ClipVision.Load(_device, ClipVisionConfig.FromShapes(huggingFace) with { Heads = Tiny.Heads }, huggingFace);
        using Pass pass = Pass.Inference(_device);
        Tensor image = pass.From<float>(new Shape(1, 3, 4, 4), TinyWan.Noise(48, 3));
        Assert.Equal(Tiny, actual.Config);
        Assert.Equal(expected.Encode(pass, image).ToFloats(), actual.Encode(pass, image).ToFloats());
    }

    private static float[] Values(ParameterSpec spec) => TinyWan.Noise(spec.Shape.Count, spec.Name.Length);

    // The file also holds what is not used: the text half, the last block, the head.
    private static TensorFile Checkpoint(Func<string, float> factor)
    {
        TensorFile file = new();
        foreach (ParameterSpec spec in Tiny.Parameters())
        {
            file.Add($"visual.{spec.Name}", spec.Shape.ToArray(), [.. Values(spec).Select(v => v * factor(spec.Name))]);
        }

        foreach (string unused in new[] { "visual.transformer.1.norm1.weight", "visual.post_norm.bias", "visual.head", "textual.x", "log_scale" })
        {
            file.Add(unused, [1], [0]);
        }

        return file.Write();
    }
}
