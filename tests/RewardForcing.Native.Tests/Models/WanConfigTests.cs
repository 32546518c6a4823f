using System.Text.Json;
using RewardForcing.Native.Models;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class WanConfigTests
{
    [Fact]
    public void Parameters_PublishedModels_HaveThePublishedCounts()
    {
        (int Tensors, long Values)[] counts = [.. new[] { WanConfig.T2V1_3B, WanConfig.T2V14B, WanConfig.I2V14B }
            .Select(config => config.Parameters()).Select(list => (list.Count, list.Sum(spec => spec.Shape.Count)))];
        Assert.Equal([(825, 1_418_996_800L), (1095, 14_288_491_584L), (1303, 16_394_878_784L)], counts);
    }

    [Fact]
    public void FromJson_OriginalConfig_TakesItsSizesAndKeepsTheDefaults()
    {
        WanConfig config = Parse("""{"_class_name":"WanModel","model_type":"t2v","dim":32,"num_heads":2,"ffn_dim":48,"num_layers":2,"freq_dim":64,"text_len":16,"eps":1e-5}""");
        Assert.Equal((32, 2, 48, 2, 64, 16, 4096), (config.Dim, config.Heads, config.FfnDim, config.Layers, config.FreqDim, config.TextTokens, config.TextDim));
        Assert.Equal((1e-5f, 16, 16), (config.Eps, config.InChannels, config.OutChannels));
    }

    [Fact]
    public void FromJson_DiffusersConfig_DerivesTheWidth()
    {
        WanConfig config = Parse("""{"_class_name":"WanTransformer3DModel","attention_head_dim":128,"num_attention_heads":40,"ffn_dim":13824,"num_layers":40,"in_channels":36,"image_dim":1280,"added_kv_proj_dim":5120,"out_channels":16}""");
        Assert.Equal(WanConfig.I2V14B, config);
    }

    [Theory]
    [InlineData("""{"dim":100,"num_heads":3}""", "dim must be an even multiple")]
    [InlineData("""{"dim":0}""", "dim must be from 1")]
    [InlineData("""{"num_layers":-1}""", "num_layers must be")]
    [InlineData("""{"ffn_dim":"wide"}""", "ffn_dim must be a whole number")]
    [InlineData("""{"model_type":"i2v","in_dim":16}""", "more than 16 input channels")]
    [InlineData("[]", "expected a JSON object")]
    public void FromJson_ImpossibleValue_SaysWhich(string json, string sentence)
    {
        Assert.Contains(sentence, Assert.Throws<ArgumentException>(() => Parse(json)).Message, StringComparison.Ordinal);
    }

    private static WanConfig Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return WanConfig.FromJson(document.RootElement);
    }
}
