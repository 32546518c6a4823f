using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public class VaeLayoutTests
{
    private static readonly VaeConfig Small = new() { Dim = 2, LatentChannels = 5, Multipliers = [1, 3, 2], ResidualBlocks = 1, TemporalDownsample = [true, false] };

    [Fact]
    public void Declare_PublishedVae_HasPublishedCounts()
    {
        IReadOnlyList<ParameterSpec> declared = WanVae.Declare(VaeConfig.Wan21);

        Assert.Equal(194, declared.Count);
        Assert.Equal(126_892_531, declared.Sum(static spec => spec.Shape.Count));
    }

    [Fact]
    public void Declare_PublishedTextEncoder_HasPublishedCounts()
    {
        IReadOnlyList<ParameterSpec> declared = UmT5Encoder.Declare(UmT5Config.Xxl);

        Assert.Equal(242, declared.Count);
        Assert.Equal(5_680_910_336, declared.Sum(static spec => spec.Shape.Count));
    }

    [Fact]
    public void Declare_PublishedPreviewDecoder_HasPublishedCounts()
    {
        IReadOnlyList<ParameterSpec> declared = Taehv.Declare(TaehvConfig.Wan21);

        Assert.Equal(9_844_611, declared.Where(static spec => spec.Name.StartsWith("decoder.", StringComparison.Ordinal)).Sum(static spec => spec.Shape.Count));
        Assert.Equal(11_315_539, declared.Sum(static spec => spec.Shape.Count));
    }

    [Theory]
    [InlineData("conv1.weight", "quant_conv.weight")]
    [InlineData("conv2.bias", "post_quant_conv.bias")]
    [InlineData("encoder.conv1.weight", "encoder.conv_in.weight")]
    [InlineData("encoder.downsamples.3.shortcut.bias", "encoder.down_blocks.3.conv_shortcut.bias")]
    [InlineData("encoder.middle.2.residual.6.weight", "encoder.mid_block.resnets.1.conv2.weight")]
    [InlineData("decoder.middle.1.to_qkv.weight", "decoder.mid_block.attentions.0.to_qkv.weight")]
    [InlineData("decoder.upsamples.7.time_conv.weight", "decoder.up_blocks.1.upsamplers.0.time_conv.weight")]
    [InlineData("decoder.upsamples.14.residual.3.gamma", "decoder.up_blocks.3.resnets.2.norm2.gamma")]
    [InlineData("decoder.head.0.gamma", "decoder.norm_out.gamma")]
    [InlineData("encoder.head.2.bias", "encoder.conv_out.bias")]
    public void DiffusersName_OriginalKey_IsThatOfTheTable(string key, string expected)
    {
        Assert.Equal(expected, WanVaeKeyMap.DiffusersName(VaeConfig.Wan21, key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FromShapes_EitherLayout_FindsSizes(bool diffusers)
    {
        using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(Small), 1, diffusers ? name => WanVaeKeyMap.DiffusersName(Small, name) : null);

        VaeConfig config = VaeConfig.FromShapes(archive);

        Assert.Equal((Small.Dim, Small.LatentChannels, Small.ResidualBlocks), (config.Dim, config.LatentChannels, config.ResidualBlocks));
        Assert.Equal(Small.Multipliers, config.Multipliers);
        Assert.Equal(Small.TemporalDownsample, config.TemporalDownsample);
    }

    [Fact]
    public void Load_WrongFile_ListsEveryTensor()
    {
        using CpuDevice device = new(1);
        using MemoryArchive archive = MemoryArchive.Random(WanVae.Declare(Small), 1);
        archive.Remove("decoder.head.2.bias");
        archive.Set("decoder.head.3.bias", new Shape(3), new float[3]);
        archive.Set("conv1.bias", new Shape(4), new float[4]);

        WeightMismatchException error = Assert.Throws<WeightMismatchException>(() => WanVae.Load(device, archive));

        Assert.Equal(["decoder.head.2.bias"], error.Missing);
        Assert.Equal(["decoder.head.3.bias"], error.Extra);
        Assert.Single(error.Misshaped);
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [InlineData(1, 17)]
    [InlineData(-1, 1)]
    [InlineData(8, 24)]
    [InlineData(-8, 8)]
    [InlineData(16, 26)]
    [InlineData(-91, 15)]
    [InlineData(91, 31)]
    [InlineData(0, 0)]
    [InlineData(-15, 9)]
    [InlineData(-22, 10)]
    [InlineData(-23, 11)]
    [InlineData(-32, 12)]
    [InlineData(-45, 12)]
    [InlineData(-63, 13)]
    [InlineData(-64, 14)]
    [InlineData(-90, 14)]
    [InlineData(511, 31)]
    public void RelativeBucket_Distance_IsThatOfTheSpecification(int relative, int expected)
    {
        Assert.Equal(expected, RelativeBuckets.Of(relative));
    }

    [Fact]
    public void UmT5KeyMap_HuggingFaceNames_LeadBackToEveryKey()
    {
        UmT5Config config = new() { Vocabulary = 9, Dim = 4, AttentionDim = 6, FfnDim = 8, Heads = 2, Layers = 2 };
        using MemoryArchive archive = MemoryArchive.Random(UmT5Encoder.Declare(config), 1, UmT5KeyMap.HuggingFaceName);
        archive.Set("encoder.embed_tokens.weight", new Shape(9, 4), new float[36]);
        KeyMap map = UmT5KeyMap.For(archive);

        Assert.Equal(config, UmT5Config.FromShapes(archive));
        Assert.Null(map.KeyOf("encoder.embed_tokens.weight"));
        Assert.All(UmT5Encoder.Declare(config), spec => Assert.Equal(spec.Name, map.KeyOf(UmT5KeyMap.HuggingFaceName(spec.Name))));
    }
}
