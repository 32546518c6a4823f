using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class WeightSetTests : IDisposable
{
    private static readonly WanConfig Config = new() { Dim = 24, FfnDim = 40, Heads = 2, Layers = 2, FreqDim = 16, TextDim = 10, TextTokens = 6 };
    private readonly CpuDevice _device = new(1, checkMemory: true);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Load_StoredTypeKept_LooksAtTheFileWithoutAllocating()
    {
        using MemoryArchive archive = MemoryArchive.Random(Config.Parameters(), 1);
        using WanTransformer model = WanTransformer.Load(_device, Config, archive);
        Assert.Equal(0, _device.LiveBytes);
        Assert.Equal(Config.Parameters().Count, model.Weights.Count);
        Assert.Equal(4 * Config.Parameters().Sum(static spec => spec.Shape.Count), model.Weights.Bytes);
    }

    [Theory]
    [InlineData("diffusers")]
    [InlineData("model.")]
    [InlineData("generator_ema.model.")]
    [InlineData("generator.model._fsdp_wrapped_module.")]
    public void Load_OtherLayout_FindsTheSameWeights(string layout)
    {
        using MemoryArchive original = MemoryArchive.Random(Config.Parameters(), 1);
        using MemoryArchive renamed = MemoryArchive.Random(Config.Parameters(), 1, name => layout == "diffusers" ? WanKeyMap.DiffusersName(name) : layout + name);
        using WanTransformer expected = WanTransformer.Load(_device, Config, original);
        using WanTransformer actual = WanTransformer.Load(_device, Config, renamed);
        Assert.All(expected.Weights, parameter => Assert.Equal(parameter.Value.ToFloats(), actual.Weights[parameter.Name].Value.ToFloats()));
    }

    [Fact]
    public void Load_WrongFile_ListsEverything()
    {
        using MemoryArchive archive = MemoryArchive.Random(Config.Parameters(), 1);
        archive.Remove("head.head.bias");
        archive.Remove("blocks.0.norm3.weight");
        archive.Remove("blocks.1.norm3.weight");
        archive.Set("stray", new Shape(2), [1, 2]);
        archive.Set("head.head.weight", new Shape(2, 3), new float[6]);
        WeightMismatchException error = Assert.Throws<WeightMismatchException>(() => WanTransformer.Load(_device, Config, archive));
        Assert.Equal(["blocks.0.norm3.weight", "blocks.1.norm3.weight", "head.head.bias"], error.Missing.Order(StringComparer.Ordinal));
        Assert.Equal(["stray"], error.Extra);
        Assert.Contains("head.head.weight is [2, 3] instead of [64, 24]", error.Misshaped.Single(), StringComparison.Ordinal);
        Assert.Contains("3 missing, 1 not expected, 1 of another shape", error.Message, StringComparison.Ordinal);
        Assert.Contains("blocks.{0-1}.norm3.weight", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _device.LiveBytes);
    }

    [Fact]
    public void Load_ModelOfAnotherSize_SaysWhatTheFileLooksLike()
    {
        using MemoryArchive archive = MemoryArchive.Random(Config.Parameters(), 1);
        WeightMismatchException error = Assert.Throws<WeightMismatchException>(() => WanTransformer.Load(_device, WanConfig.T2V1_3B, archive));
        Assert.Contains("width 24, feed-forward 40, 2 layers", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 12_000, $"{error.Message.Length} letters");
    }

    [Fact]
    public void Load_SameKeyTwice_IsRefused()
    {
        using MemoryArchive archive = new();
        archive.Set("model.a", new Shape(1), [1]);
        archive.Set("model._orig_mod.a", new Shape(1), [2]);
        KeyMap map = WanKeyMap.For(Config, archive.Entries.Select(static entry => entry.Name));
        WeightMismatchException error = Assert.Throws<WeightMismatchException>(
            () => WeightSet.Load(_device, archive, map, [new ParameterSpec("a", new Shape(1))]));
        Assert.Contains("a second time", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OptionalParameter_MayBeMissing()
    {
        using MemoryArchive archive = new();
        archive.Set("a", new Shape(1), [1]);
        using WeightSet weights = WeightSet.Load(
            _device, archive, KeyMap.Identity, [new ParameterSpec("a", new Shape(1)), new ParameterSpec("b", new Shape(1), Optional: true)]);
        Assert.False(weights.Contains("b"));
        Assert.Throws<KeyNotFoundException>(() => weights["b"]);
    }
}
