using RewardForcing.Native.Models;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class WanKeyMapTests
{
    private static readonly WanConfig Tiny = WanConfig.I2V14B with { Dim = 12, FfnDim = 16, Heads = 2, Layers = 2 };

    [Theory]
    [InlineData("blocks.1.norm3.weight", "blocks.1.norm2.weight")]
    [InlineData("blocks.0.modulation", "blocks.0.scale_shift_table")]
    [InlineData("head.modulation", "scale_shift_table")]
    [InlineData("head.head.bias", "proj_out.bias")]
    [InlineData("blocks.0.self_attn.o.weight", "blocks.0.attn1.to_out.0.weight")]
    [InlineData("blocks.0.cross_attn.norm_q.weight", "blocks.0.attn2.norm_q.weight")]
    [InlineData("blocks.0.cross_attn.k_img.bias", "blocks.0.attn2.add_k_proj.bias")]
    [InlineData("blocks.0.cross_attn.norm_k_img.weight", "blocks.0.attn2.norm_added_k.weight")]
    [InlineData("blocks.0.ffn.0.weight", "blocks.0.ffn.net.0.proj.weight")]
    [InlineData("blocks.0.ffn.2.bias", "blocks.0.ffn.net.2.bias")]
    [InlineData("time_projection.1.weight", "condition_embedder.time_proj.weight")]
    [InlineData("img_emb.proj.4.bias", "condition_embedder.image_embedder.norm2.bias")]
    public void DiffusersName_EveryKindOfKey_IsThePublishedOne(string original, string diffusers)
    {
        Assert.Equal(diffusers, WanKeyMap.DiffusersName(original));
    }

    [Fact]
    public void For_DiffusersNames_GivesBackEveryKey()
    {
        string[] keys = [.. Tiny.Parameters().Select(spec => spec.Name)];
        string[] diffusers = [.. keys.Select(WanKeyMap.DiffusersName)];
        Assert.Equal(keys.Length, diffusers.Distinct().Count());
        KeyMap map = WanKeyMap.For(Tiny, diffusers);
        Assert.Equal(keys, diffusers.Select(map.KeyOf));
        Assert.Null(map.KeyOf("blocks.0.attn2.norm_added_q.weight"));
        Assert.Equal("diffusers", map.Layout);
    }

    [Theory]
    [InlineData("blocks.0.ffn.0.weight")]
    [InlineData("model.blocks.0.ffn.0.weight")]
    [InlineData("generator.model.blocks.0.ffn.0.weight")]
    [InlineData("generator_ema.model.blocks.0.ffn.0.weight")]
    [InlineData("generator.model._fsdp_wrapped_module.blocks.0._fsdp_wrapped_module._checkpoint_wrapped_module.ffn.0.weight")]
    [InlineData("generator._orig_mod.model.blocks.0.ffn.0.weight")]
    [InlineData("generator.model._orig_mod.blocks.0.ffn.0.weight")]
    [InlineData("model.model.blocks.0.ffn.0.weight")]
    [InlineData("_fsdp_wrapped_module.model.blocks.0.ffn.0.weight")]
    [InlineData("module.model.blocks.0.ffn.0.weight")]
    [InlineData("generator.module.model._orig_mod.blocks.0.ffn.0.weight")]
    [InlineData("generator_ema._fsdp_wrapped_module.module.model.blocks.0.ffn.0.weight")]
    [InlineData("model.diffusion_model.blocks.0.ffn.0.weight")]
    [InlineData("diffusion_model.blocks.0.ffn.0.weight")]
    public void For_WrappedNames_AreCleaned(string entry)
    {
        Assert.Equal("blocks.0.ffn.0.weight", WanKeyMap.For(Tiny, [entry]).KeyOf(entry));
    }

    [Fact]
    public void For_SeveralSets_TakesTheAverageUnlessToldOtherwise()
    {
        string[] names = ["critic.model.a", "generator.model.a", "generator_ema.model.a"];
        Assert.Equal([null, null, "a"], names.Select(WanKeyMap.For(Tiny, names).KeyOf));
        Assert.Equal([null, "a", null], names.Select(WanKeyMap.For(Tiny, names, WeightsEntry.Generator).KeyOf));
        Assert.Equal(["a", null, null], names.Select(WanKeyMap.For(Tiny, names, WeightsEntry.Critic).KeyOf));
    }

    [Fact]
    public void For_SetThatIsNotThere_Throws()
    {
        Assert.Throws<ArgumentException>(() => WanKeyMap.For(Tiny, ["generator.model.a"], WeightsEntry.GeneratorEma));
    }

    [Fact]
    public void KeyOf_HeadsOfTheDiscriminator_ArePassedOver()
    {
        string[] names = ["model._cls_pred_branch.1.weight", "model._register_tokens.register_tokens", "model._gan_ca_blocks.0.ffn.0.weight", "model.head.head.bias"];
        Assert.Equal([null, null, null, "head.head.bias"], names.Select(WanKeyMap.For(Tiny, names).KeyOf));
    }
}
