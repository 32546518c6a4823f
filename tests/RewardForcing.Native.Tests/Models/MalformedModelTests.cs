using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using RewardForcing.Native.Tests.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

/// <summary>Files that are well-formed but hold the wrong model, and configs that are damaged.</summary>
public sealed class MalformedModelTests : IDisposable
{
    private readonly CpuDevice _device = new(1, checkMemory: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-model-").FullName;

    public static TheoryData<string> Models => [.. MalformedCase.All("M").Where(static entry => entry.Id != "M3").Select(static entry => entry.File!)];

    public void Dispose()
    {
        _device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void LoadTransformer_FileOfTheCorpus_GetsItsVerdict(string file)
    {
        MalformedCase expected = MalformedCase.Get(file);
        ModelFolder folder = ModelFolder.Open(Path.GetDirectoryName(expected.Path)!);
        WanConfig config = folder.Config() with { TextDim = 6 };
        if (expected.Verdict == "accept")
        {
            using WanTransformer model = folder.LoadTransformer(_device, config: config);
            Assert.Equal(config.Parameters().Count, model.Weights.Count);
            return;
        }

        WeightMismatchException refusal = Assert.Throws<WeightMismatchException>(() => folder.LoadTransformer(_device, config: config));
        Assert.All(expected.MessageNames, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
        Assert.Equal(expected.MessageNames.Length - 1, refusal.Missing.Concat(refusal.Extra).Concat(refusal.Misshaped).Count());
        Assert.Equal(0, _device.LiveBytes);
    }

    [Theory]
    [InlineData("P/dup_after_unwrap.pt", "a")]
    [InlineData("P/dup_fsdp.pt", "blocks.0.q")]
    [InlineData("P/wrapped_unknown.pt", "foo")]
    public void Load_CheckpointWithTheWrongKeys_NamesThem(string file, string key)
    {
        MalformedCase expected = MalformedCase.Get(file);
        Assert.Equal(("reject", key), (expected.Verdict, expected.MessageNames[^1]));
        using TensorArchive archive = TensorArchive.Open(expected.Path);
        string message = Assert.Throws<WeightMismatchException>(() => WanTransformer.Load(_device, TinyWan.Config, archive)).Message;
        Assert.All(expected.MessageNames, name => Assert.Contains(name, message, StringComparison.Ordinal));
        Assert.Equal(0, _device.LiveBytes);
    }

    [Fact]
    public void Load_NamesThatSteerATerminal_AreEscapedInTheList()
    {
        using MemoryArchive archive = MemoryArchive.Random(TinyWan.Config.Parameters(), 1);
        archive.Set("a\e[31m\nb", new Shape(1), [1]);
        WeightMismatchException refusal = Assert.Throws<WeightMismatchException>(() => WanTransformer.Load(_device, TinyWan.Config, archive));
        Assert.Contains(@"a\u001b[31m\u000ab", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', refusal.Message);
    }

    [Theory]
    [InlineData("golden/formats/malformed/M/ok/config.json")]
    [InlineData("golden/models/ckpt/diffusers/transformer/config.json")]
    public void ConfigFromFile_CutOrAnyBitFlipped_IsRefusedOrPossible(string fixture)
    {
        string path = Path.Combine(_folder, "config.json");
        byte[] valid = File.ReadAllBytes(Fixtures.Path(fixture));
        Assert.True(Damage.Cut(path, valid, () => WanConfig.FromFile(path).Validate()).Read <= 1);
        (int read, int refused) = Damage.Flip(path, valid, () => WanConfig.FromFile(path).Validate());
        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData("""{ "\ud800": 1, "dim": 1536 }""", "half a surrogate pair")]
    [InlineData("""{ "dim": "\ud800" }""", "dim must be a whole number")]
    public void ConfigFromFile_HalfASurrogatePair_IsRefused(string json, string reason)
    {
        string path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, json);
        Assert.Contains(reason, Assert.Throws<ModelFormatException>(() => WanConfig.FromFile(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TypeThatNothingReads_IsRefusedByName()
    {
        string path = Path.Combine(_folder, "four.safetensors");
        SafetensorsWriter.Write(path, [new WritableTensor("a", ElementType.F4, [2], static stream => stream.WriteByte(1))]);
        using TensorArchive archive = TensorArchive.Open(path);
        string message = Assert.Throws<ModelFormatException>(() => WeightSet.Load(_device, archive, KeyMap.Identity, [new ParameterSpec("a", new Shape(2))])).Message;
        Assert.Contains("tensor a is stored as F4, expected F64, F32", message, StringComparison.Ordinal);
        Assert.Equal(0, _device.LiveBytes);
    }

    [Theory]
    [InlineData(0, 40, 24, "rank from 1 on")]
    [InlineData(2, 41, 24, "[41, 24], but the weight is [40, 24]")]
    [InlineData(2, 40, 23, "[40, 23], but the weight is [40, 24]")]
    public void Load_AdapterThatDoesNotFit_IsRefusedByName(int rank, int rows, int columns, string reason)
    {
        const string Key = "base_model.model.blocks.0.ffn.0";
        using TensorFile lora = new TensorFile().Add($"{Key}.lora_A.weight", [rank, columns], new float[rank * columns]).Add($"{Key}.lora_B.weight", [rows, rank], new float[rows * rank]).Write();
        Assert.Contains(reason, AdapterRefusal(lora), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base_model.model.blocks.0.ffn.0.lora_A.weight", "needs a matrix base_model.model.blocks.0.ffn.0.lora_B.weight of the same rank from 1 on, but it is not there")]
    [InlineData("something.else", "tensor something.else is no part of a LoRA")]
    public void Load_HalfAnAdapter_IsRefusedByName(string name, string reason)
    {
        using TensorFile lora = new TensorFile().Add(name, [2, 24], new float[48]).Write();
        Assert.Contains(reason, AdapterRefusal(lora), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AdapterOfAnotherNetwork_NamesTheWeight()
    {
        const string Key = "base_model.model.blocks.9.ffn.0";
        using TensorFile lora = new TensorFile().Add($"{Key}.lora_A.weight", [1, 24], new float[24]).Add($"{Key}.lora_B.weight", [40, 1], new float[40]).Write();
        Assert.Contains("changes blocks.9.ffn.0.weight, which the network of memory does not have", AdapterRefusal(lora), StringComparison.Ordinal);
    }

    private string AdapterRefusal(TensorFile lora)
    {
        using MemoryArchive archive = MemoryArchive.Random(TinyWan.Config.Parameters(), 1);
        using TensorArchive adapter = TensorArchive.Open(lora.Path);
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(
            () => WanTransformer.Load(_device, TinyWan.Config, archive, new WanLoadOptions { Adapter = new LoraAdapter(adapter) }).Dispose());
        Assert.Contains(lora.Path, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, _device.LiveBytes);
        return refusal.Message;
    }
}
