using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class ModelFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-folder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(ModelPart.TransformerConfig, "the transformer's config is missing; looked for config.json, transformer/config.json.")]
    [InlineData(ModelPart.Transformer, "the transformer is missing; looked for diffusion_pytorch_model.safetensors.index.json, diffusion_pytorch_model.safetensors, ")]
    [InlineData(ModelPart.Vae, "the video autoencoder (VAE) is missing; looked for Wan2.1_VAE.pth, ")]
    [InlineData(ModelPart.TextEncoder, "the text encoder (umT5) is missing; looked for models_t5_umt5-xxl-enc-bf16.pth, ")]
    [InlineData(ModelPart.Tokenizer, "tokenizer (a folder with tokenizer.json or spiece.model) is missing; looked for google/umt5-xxl, tokenizer.")]
    [InlineData(ModelPart.ClipVision, "the CLIP vision tower of image-to-video models is missing; looked for models_clip_")]
    public void Find_MissingPart_SaysWhatItIsAndWhereItWasLookedFor(ModelPart part, string sentence)
    {
        string message = Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder).Find(part)).Message;
        Assert.StartsWith($"{_folder}: ", message, StringComparison.Ordinal);
        Assert.Contains(sentence, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoSuchFolder_SaysSo() => Assert.Contains(
        "there is no such folder", Assert.Throws<DirectoryNotFoundException>(() => ModelFolder.Open(Path.Combine(_folder, "none"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Open_ParentOfThePublishedFolder_GoesBelow()
    {
        string below = Path.Combine(_folder, "Wan2.1-T2V-1.3B");
        Directory.CreateDirectory(Path.Combine(below, "google", "umt5-xxl"));
        File.WriteAllText(Path.Combine(below, "config.json"), "{}");
        File.WriteAllText(Path.Combine(below, "google", "umt5-xxl", "spiece.model"), string.Empty);
        ModelFolder folder = ModelFolder.Open(_folder);
        Assert.Equal(below, folder.Path);
        Assert.Equal(Path.Combine(below, "google", "umt5-xxl"), folder.Find(ModelPart.Tokenizer));
    }

    [Fact]
    public void LoadTransformer_MissingCheckpoint_NamesIt()
    {
        using CpuDevice device = new(1);
        string checkpoint = Path.Combine(_folder, "model.pt");
        Assert.Contains("model.pt: there is no such checkpoint", Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder).LoadTransformer(device, checkpoint)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadTransformer_ConfigOfMoreLayersThanTheWeights_NamesBoth()
    {
        File.Copy(Fixtures.Path("golden/formats/malformed/M/config_layers_more_than_file.json"), Path.Combine(_folder, "config.json"));
        File.Copy(Fixtures.Path("golden/formats/malformed/M/ok/diffusion_pytorch_model.safetensors"), Path.Combine(_folder, "diffusion_pytorch_model.safetensors"));
        using CpuDevice device = new(1);
        string message = Assert.Throws<ModelFormatException>(() => ModelFolder.Open(_folder).LoadTransformer(device)).Message;
        Assert.Matches(@"config\.json: num_layers is 4, but .*diffusion_pytorch_model\.safetensors holds \d+; these files do not belong together\.$", message);
    }

    [Theory]
    [InlineData("orig")]
    [InlineData("orig-sharded/Wan2.1-T2V-14B")]
    [InlineData("diffusers")]
    public void LoadTransformer_EveryLayout_GivesTheReferenceFlow(string layout)
    {
        using CpuDevice device = new(1);
        using GoldenFile golden = new(Fixtures.Path("golden/models/k-mini-forward.safetensors"));
        ModelFolder folder = ModelFolder.Open(Fixtures.Path($"golden/models/ckpt/{layout}"));

        // A diffusers config does not say how long the text is.
        WanConfig config = folder.Config() with { TextTokens = golden.ShapeOf("in.context")[1] };
        using WanTransformer transformer = folder.LoadTransformer(device, config: config);
        using Pass pass = Pass.Inference(device);
        Tensor Load(string name) => pass.From<float>(new Shape(golden.ShapeOf(name)), golden.Floats(name));
        Tensor flow = transformer.Forward(pass, Load("in.x"), golden.Floats("in.t"), Load("in.context"));
        AssertPassed(golden.Compare("out.dit_flow", flow.ToFloats()));
    }

    [Fact]
    public void LoadTransformer_OneFileNamedAfterItsType_IsFound()
    {
        string source = Fixtures.Path("golden/models/ckpt/orig/Wan2.1-T2V-1.3B");
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(_folder, "config.json"));
        File.Copy(Path.Combine(source, "diffusion_pytorch_model.safetensors"), Path.Combine(_folder, "diffusion_pytorch_model.fp32.safetensors"));
        using CpuDevice device = new(1);
        using WanTransformer transformer = ModelFolder.Open(_folder).LoadTransformer(device);
        Assert.Equal(32, transformer.Config.Dim);
    }

    [Fact]
    public void EncodeTexts_DiffusersLayout_GivesTheReferenceTextAndLatents()
    {
        using CpuDevice device = new(1);
        using GoldenFile golden = new(Fixtures.Path("golden/models/k-mini-forward.safetensors"));
        ModelFolder folder = ModelFolder.Open(Fixtures.Path("golden/models/ckpt/diffusers"));
        int[] ids = [.. golden.Longs("in.ids").Select(static id => (int)id)];
        PromptEmbedding prompt = folder.EncodeTexts(device, [ids])[0];
        var padded = new float[golden.Floats("out.t5").Length];
        prompt.Values.Span.CopyTo(padded);
        AssertPassed(golden.Compare("out.t5", padded));

        using WanVae vae = folder.LoadVae(device);
        int[] shape = golden.ShapeOf("in.pixels");
        LatentFrames latents = LatentEncoding.Encode(vae, ChannelsLast(golden.Floats("in.pixels"), 3), shape[2], shape[3], shape[4]);
        AssertPassed(golden.Compare("out.vae_encode", ChannelsFirst(latents)));
    }

    [Fact]
    public void Encode_FramesThatMakeNoWholeGroup_AreRefusedWithTheNumberThatWorks()
    {
        using CpuDevice device = new(1);
        using WanVae vae = TinyModels.Vae(device);
        string message = Assert.Throws<ArgumentException>(() => LatentEncoding.Encode(vae, new byte[7 * 16 * 16 * 3], 7, 16, 16)).Message;
        Assert.Contains("got 7; cut it to 5", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LatentEncoding.Encode(vae, new byte[12 * 16 * 3], 1, 12, 16));
        Assert.Throws<ArgumentException>(() => LatentEncoding.Encode(vae, new byte[5], 1, 16, 16));
    }

    private static void AssertPassed(Comparison comparison) => Assert.True(comparison.Passed, comparison.ToString());

    private static float[] ChannelsLast(float[] values, int channels)
    {
        int positions = values.Length / channels;
        var moved = new float[values.Length];
        for (int i = 0; i < moved.Length; i++)
        {
            moved[i] = values[(i % channels * positions) + (i / channels)];
        }

        return moved;
    }

    // [F, C, H, W] to [C, F, H, W].
    private static float[] ChannelsFirst(LatentFrames latents)
    {
        int area = latents.Height * latents.Width;
        var moved = new float[latents.Values.Length];
        for (int frame = 0; frame < latents.Frames; frame++)
        {
            for (int channel = 0; channel < latents.Channels; channel++)
            {
                latents.Values.Span.Slice(((frame * latents.Channels) + channel) * area, area).CopyTo(moved.AsSpan(((channel * latents.Frames) + frame) * area));
            }
        }

        return moved;
    }
}
