using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class InspectTests : IDisposable
{
    private const string Checkpoints = "golden/models/ckpt/";
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-inspect-").FullName;

    [Fact]
    public void Inspect_File_ListsTensorsMetadataAndModel()
    {
        CommandResult result = Command.Run("inspect", Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B/diffusion_pytorch_model.safetensors"));

        Assert.Equal(0, result.ExitCode);
        Assert.Empty(result.Error);
        Assert.Contains("a Wan transformer (text-to-video, original names, width 32", result.Output);
        Assert.Contains("69, elements by type: F32 39,552", result.Output);
        Assert.Contains("format = pt", result.Output);
        Assert.Matches(@"blocks\.\{0-1\}\.cross_attn\.k\.weight +F32 +\[32, 32\] +2 +8,192", result.Output);
        Assert.Matches(@"patch_embedding\.bias +F32 +\[32\] +1 +128", result.Output);
        Assert.Contains("--all lists its 69 tensors one by one", result.Output);
        Assert.DoesNotContain('\e', result.Output);
    }

    [Theory]
    [InlineData(69, "--all")]
    [InlineData(5, "--limit", "5")]
    [InlineData(0, "--limit", "0")]
    [InlineData(2, "--filter", "head.head")]
    public void Inspect_ChoiceOfTensors_ListsSoMany(int expected, params string[] options)
    {
        CommandResult result = Command.Run(["inspect", Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B/diffusion_pytorch_model.safetensors"), .. options]);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(expected, result.Output.Split('\n').Count(line => line.Contains("  F32  ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Inspect_LimitOrFilter_SaysHowManyMoreThereAre()
    {
        string path = Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B/diffusion_pytorch_model.safetensors");

        Assert.Contains("and 64 more; --all lists its 69 tensors", Command.Run("inspect", path, "--limit", "5").Output);
        Assert.Contains("and 14 more; --all lists all 54 of them", Command.Run("inspect", path, "--filter", "blocks").Output);
        Assert.Contains("no tensor has that in its name", Command.Run("inspect", path, "--filter", "nothing").Output);
    }

    [Fact]
    public void Inspect_CheckValues_NamesTheTensorsWithOddOnes()
    {
        string whole = Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B"), odd = Path.Combine(_folder, "odd.safetensors");
        SafetensorsWriter.Write(odd, [new WritableTensor("head.bias", ElementType.F32, [4], static stream => stream.Write([0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0x7F, 0, 0, 0x80, 0xFF, 0, 0, 0, 0]))]);

        CommandResult fine = Command.Run("inspect", whole, "--check_values"), found = Command.Run("inspect", odd, "--check-values");
        JsonElement json = JsonDocument.Parse(Command.Run("inspect", odd, "--check_values", "--json").Output).RootElement.GetProperty("items")[0];

        Assert.Equal((0, 0), (fine.ExitCode, found.ExitCode));
        Assert.Equal(3, fine.Output.Split("all are finite numbers").Length - 1);
        Assert.Contains("of the 4 values of head.bias, 1 are NaN and 2 infinite", found.Output);
        Assert.True(json.GetProperty("has_nan_or_infinite_values").GetBoolean());
        Assert.Contains("head.bias", json.GetProperty("warnings")[0].GetString());
        Assert.DoesNotContain("NaN", Command.Run("inspect", odd).Output);
    }

    [Theory]
    [InlineData("orig-sharded/Wan2.1-T2V-14B/diffusion_pytorch_model.safetensors.index.json", "wan-text-to-video", "original", 69)]
    [InlineData("orig/Wan2.1-T2V-1.3B/Wan2.1_VAE.pth", "wan-vae", "original", 194)]
    [InlineData("pt/flat_rf_fp32.pt", "generator-checkpoint", "original", 69)]
    [InlineData("pt/nested_generator_only.pt", "generator-checkpoint", "original, generator", 69)]
    [InlineData("diffusers/transformer", "wan-text-to-video", "diffusers", 69)]
    [InlineData("diffusers/vae/diffusion_pytorch_model.safetensors", "wan-vae", "diffusers", 194)]
    [InlineData("diffusers/text_encoder/model.safetensors.index.json", "um-t5", "huggingface", 23)]
    public void Inspect_Json_HasEveryTensorAndAddsUp(string path, string kind, string layout, int tensors)
    {
        JsonElement item = Items(0, Fixtures.Path(Checkpoints + path)).Single(candidate => candidate.GetProperty("kind").GetString() == "tensors");

        Assert.Equal(kind, item.GetProperty("model").GetProperty("kind").GetString());
        Assert.Equal(layout, item.GetProperty("model").GetProperty("layout").GetString());
        Assert.Equal(tensors, item.GetProperty("tensor_count").GetInt32());
        JsonElement[] listed = [.. item.GetProperty("tensors").EnumerateArray()];
        Assert.Equal(tensors, listed.Length);
        long bytes = listed.Sum(tensor => tensor.GetProperty("bytes").GetInt64());
        Assert.Equal(bytes, item.GetProperty("byte_count").GetInt64());
        Assert.Equal(bytes, item.GetProperty("files").EnumerateArray().Sum(file => file.GetProperty("bytes").GetInt64()));
        Assert.Equal(bytes, item.GetProperty("types").EnumerateObject().Sum(type => type.Value.GetProperty("bytes").GetInt64()));
        Assert.Equal(bytes, 4 * item.GetProperty("element_count").GetInt64());
        Assert.All(listed, tensor => Assert.Equal(tensor.GetProperty("bytes").GetInt64(), 4 * tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, extent) => product * extent.GetInt64())));
    }

    [Fact]
    public void Inspect_ModelFolder_ShowsEveryPartAndWhatIsMissing()
    {
        string folder = Fixtures.Path(Checkpoints + "diffusers");
        JsonElement root = Root(0, folder);

        Assert.Equal(
            ["transformer-config", "transformer", "vae", "text-encoder"],
            root.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("part").GetString()).OfType<string>());
        Assert.Equal(["tokenizer"], root.GetProperty("missing").EnumerateArray().Select(part => part.GetProperty("part").GetString()));
        Assert.Equal(32, root.GetProperty("items")[0].GetProperty("values").GetProperty("num_attention_heads").GetInt32() * root.GetProperty("items")[0].GetProperty("values").GetProperty("attention_head_dim").GetInt32());
        CommandResult text = Command.Run("inspect", folder);
        Assert.Equal(0, text.ExitCode);
        Assert.Contains("--all lists its 194 tensors", text.Output);
        Assert.Contains("the text encoder's tokenizer", text.Output);
        Assert.DoesNotContain("shape", text.Output);
    }

    [Fact]
    public void Inspect_ModelFolderWithADamagedPart_ShowsTheOthersAndFails()
    {
        File.Copy(Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B/diffusion_pytorch_model.safetensors"), Path.Combine(_folder, "diffusion_pytorch_model.safetensors"));
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{ \"_class_name\": \"WanModel\", \"dim\": -5 }");
        File.WriteAllText(Path.Combine(_folder, "Wan2.1_VAE.safetensors"), "not a model");
        CommandResult result = Command.Run("inspect", _folder);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"{_folder}: 2 of 3 files could not be read; the listing says why.", result.Error.Trim());
        Assert.Contains("a Wan transformer (text-to-video", result.Output);
        Assert.Contains($"vae  {_folder}/Wan2.1_VAE.safetensors\n  error      claims a header", result.Output.ReplaceLineEndings("\n").Replace('\\', '/'));
        Assert.Contains("dim", result.Output);
    }

    [Fact]
    public void Inspect_NamesThatSteerATerminal_AreEscaped()
    {
        string path = Path.Combine(_folder, "odd.safetensors");
        SafetensorsWriter.Write(path, [new WritableTensor("a\e[31mb\nc", ElementType.U8, [3], stream => stream.Write(new byte[3]))], new Dictionary<string, string> { ["key\e"] = "value\r" });
        CommandResult result = Command.Run("inspect", path);

        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain('\e', result.Output);
        Assert.Contains(@"a\u001b[31mb\u000ac", result.Output);
        Assert.Equal("a\e[31mb\nc", Items(0, path)[0].GetProperty("tensors")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Inspect_TrainingCheckpoint_NamesItsNetworksAndWhatElseItHolds()
    {
        string path = Fixtures.Path(Checkpoints + "pt/nested_fsdp.pt");
        CommandResult result = Command.Run("inspect", path);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("critic 72, generator 69, generator_ema 69", result.Output);
        Assert.Contains("step = 1200", result.Output);
        Assert.Equal(69, Items(0, path)[0].GetProperty("groups").GetProperty("generator_ema").GetInt32());
    }

    [Theory]
    [InlineData("reject_unknown_global.pt", "nothing was looked up or run")]
    [InlineData("legacy_nonzip.pt", "old format")]
    public void Inspect_CheckpointThatIsNotRead_SaysWhy(string name, string reason)
    {
        CommandResult result = Command.Run("inspect", Fixtures.Path(Checkpoints + "pt/" + name));

        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(reason, Assert.Single(result.Error.TrimEnd().Split('\n')));
    }

    [Fact]
    public void Inspect_Config_ShowsItsValues()
    {
        CommandResult result = Command.Run("inspect", Fixtures.Path(Checkpoints + "diffusers/vae/config.json"));

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"temperal_downsample +\[false,true,true\]", result.Output);
    }

    [Theory]
    [InlineData("nothing-here", "does not exist")]
    [InlineData("empty", "holds no tensors")]
    [InlineData("list.json", "must be a JSON object, got a list")]
    [InlineData("broken.json", "is not valid JSON")]
    [InlineData("half.json", "half a surrogate pair")]
    [InlineData("zeros.safetensors", "zeros.safetensors")]
    [InlineData("text.pt", "neither a safetensors file nor a PyTorch checkpoint")]
    [InlineData("picture.png", "is a PNG picture")]
    [InlineData("page.html", "is a web page")]
    [InlineData("quantised.gguf", "is a GGUF file")]
    public void Inspect_WrongFile_IsOneSentenceAndExitsWithOne(string name, string reason)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        File.WriteAllText(Path.Combine(_folder, "list.json"), "[1]");
        File.WriteAllText(Path.Combine(_folder, "broken.json"), "{\n\"a\": }");
        File.WriteAllText(Path.Combine(_folder, "half.json"), "{ \"a\": [ \"\\ud800\" ] }");
        File.WriteAllBytes(Path.Combine(_folder, "zeros.safetensors"), new byte[100]);
        File.WriteAllText(Path.Combine(_folder, "text.pt"), "some text that is no checkpoint");
        PngWriter.Write(Path.Combine(_folder, "picture.png"), 1, 1, [1, 2, 3]);
        File.WriteAllText(Path.Combine(_folder, "page.html"), "<!DOCTYPE html><html></html>");
        File.WriteAllText(Path.Combine(_folder, "quantised.gguf"), "GGUF and more bytes");
        CommandResult result = Command.Run("inspect", Path.Combine(_folder, name));

        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        string line = Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains(name, line);
        Assert.Contains(reason, line);

        JsonElement item = Assert.Single(Items(1, Path.Combine(_folder, name)));
        Assert.Equal("error", item.GetProperty("kind").GetString());
        Assert.Equal(line, item.GetProperty("message").GetString());
    }

    [Fact]
    public void Inspect_FolderAboveTheModels_NamesItsFolders()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "one"));
        Directory.CreateDirectory(Path.Combine(_folder, "two"));
        CommandResult result = Command.Run("inspect", _folder);

        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith("look into one of its folders: one, two.", result.Error.TrimEnd());
    }

    [Fact]
    public void Inspect_FolderWithAGeneratorAlone_SaysThatItReplacesTheTransformer()
    {
        File.Copy(Fixtures.Path(Checkpoints + "orig/Wan2.1-T2V-1.3B/Wan2.1_VAE.pth"), Path.Combine(_folder, "Wan2.1_VAE.pth"));
        File.Copy(Fixtures.Path(Checkpoints + "pt/flat_rf_bf16.pt"), Path.Combine(_folder, "rewardforcing.pt"));
        string message = Root(0, _folder).GetProperty("missing").EnumerateArray().Single(part => part.GetProperty("part").GetString() == "transformer").GetProperty("message").GetString()!;
        Assert.EndsWith("rewardforcing.pt can take its place (--checkpoint_path).", message);
    }

    [Theory]
    [InlineData("PATH")]
    [InlineData("--limit", "x", "--limit", "-1")]
    [InlineData("--no-such", "x", "--no-such")]
    public void Inspect_UsageWrong_ExitsWithTwo(string named, params string[] arguments)
    {
        CommandResult result = Command.Run(["inspect", .. arguments]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(named, result.Error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonElement Root(int exitCode, string path)
    {
        CommandResult result = Command.Run("inspect", path, "--json");
        Assert.Equal(exitCode, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }

    private static JsonElement[] Items(int exitCode, string path) => [.. Root(exitCode, path).GetProperty("items").EnumerateArray()];
}
