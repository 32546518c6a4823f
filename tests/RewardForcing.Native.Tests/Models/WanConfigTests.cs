using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Testing.Files;
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
    [InlineData("""{"dim":100,"num_heads":3}""", "dim must be an even multiple of num_heads")]
    [InlineData("""{"dim":0}""", "dim must be a whole number from 1")]
    [InlineData("""{"num_layers":-1}""", "num_layers must be")]
    [InlineData("""{"ffn_dim":"wide"}""", "ffn_dim must be a whole number")]
    [InlineData("""{"attention_head_dim":131072,"num_attention_heads":40}""", "attention_head_dim must be")]
    [InlineData("""{"model_type":"i2v","in_dim":16}""", "more than 16 input channels")]
    [InlineData("""{"eps":-1}""", "eps must be")]
    public void FromJson_ImpossibleValue_SaysWhich(string json, string sentence)
    {
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => Parse(json));
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", refusal.Message, StringComparison.Ordinal);
    }

    // num_layers that the weights do not have is found when both are read: see ModelFolderTests.
    public static TheoryData<string> Malformed => [.. MalformedCase.All("M").Where(entry => entry.Id == "M3" && entry.File != "M/config_layers_more_than_file.json").Select(entry => entry.File!)];

    [Theory]
    [MemberData(nameof(Malformed))]
    public void FromFile_FileOfTheCorpus_GetsItsVerdict(string file)
    {
        MalformedCase expected = MalformedCase.Get(file);
        if (expected.Verdict == "accept")
        {
            Assert.Equal(8, WanConfig.FromFile(expected.Path).Dim);
            return;
        }

        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => WanConfig.FromFile(expected.Path));
        Assert.All(expected.MessageNames, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
    }

    private static WanConfig Parse(string json) => WanConfig.FromJson(JsonPart.Parse("config.json", Encoding.UTF8.GetBytes(json)));
}
