using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class ModelRecognizerTests
{
    private static readonly WanConfig Config = new() { Dim = 24, FfnDim = 40, Heads = 2, Layers = 2, FreqDim = 16, TextDim = 10, TextTokens = 6 };

    [Theory]
    [InlineData("", ModelKind.WanTextToVideo, "original")]
    [InlineData("model.", ModelKind.GeneratorCheckpoint, "original")]
    [InlineData("generator.model._fsdp_wrapped_module.", ModelKind.GeneratorCheckpoint, "original, generator")]
    public void Recognize_Transformer_TellsKindAndSizes(string prefix, ModelKind kind, string layout)
    {
        RecognizedModel model = Recognize(MemoryArchive.Random(Config.Parameters(), 1, name => prefix + name));
        Assert.Equal((kind, layout), (model.Kind, model.Layout));
        Assert.Equal((24, 40, 2, 16, 10), (model.Wan!.Dim, model.Wan.FfnDim, model.Wan.Layers, model.Wan.FreqDim, model.Wan.TextDim));
    }

    [Fact]
    public void Recognize_ImageTransformerOfDiffusers_TellsKindAndLayout()
    {
        WanConfig config = Config with { ModelType = WanModelType.ImageToVideo, InChannels = 36, ClipDim = 8 };
        RecognizedModel model = Recognize(MemoryArchive.Random(config.Parameters(), 1, WanKeyMap.DiffusersName));
        Assert.Equal((ModelKind.WanImageToVideo, "diffusers", 36, 8), (model.Kind, model.Layout, model.Wan!.InChannels, model.Wan.ClipDim));
    }

    [Theory]
    [InlineData("token_embedding.weight blocks.0.attn.q.weight blocks.1.attn.q.weight", ModelKind.UmT5)]
    [InlineData("shared.weight encoder.block.0.layer.0.layer_norm.weight", ModelKind.UmT5)]
    [InlineData("decoder.upsamples.0.residual.0.gamma decoder.conv1.weight", ModelKind.WanVae)]
    [InlineData("decoder.conv_in.weight post_quant_conv.weight", ModelKind.WanVae)]
    [InlineData("decoder.1.weight decoder.3.conv.0.weight decoder.22.weight", ModelKind.Taehv)]
    [InlineData("visual.transformer.0.attn.to_qkv.weight", ModelKind.Clip)]
    [InlineData("base_model.model.blocks.0.ffn.0.lora_A.weight", ModelKind.Lora)]
    [InlineData("something.else", ModelKind.Unknown)]
    public void Recognize_OtherFiles_TellsKind(string names, ModelKind kind)
    {
        MemoryArchive file = new();
        foreach (string name in names.Split(' '))
        {
            file.Set(name, new Shape(1), [0]);
        }

        Assert.Equal(kind, Recognize(file).Kind);
    }

    private static RecognizedModel Recognize(MemoryArchive archive)
    {
        using (archive)
        {
            return ModelRecognizer.Recognize(archive);
        }
    }
}
