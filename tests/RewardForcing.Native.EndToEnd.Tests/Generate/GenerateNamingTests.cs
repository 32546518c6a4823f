using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class GenerateNamingTests : IClassFixture<MiniModel>
{
    private readonly MiniModel _model;
    private readonly string _output;

    public GenerateNamingTests(MiniModel model) => (_model, _output) = (model, Path.Combine(model.NewFolder(), "videos"));

    [Fact]
    public async Task Generate_VBench_NamesFilesAfterPromptsAndMakesFiveSamples()
    {
        string[] names = await Names("A cat, running.\nA dog\nA dog\n", "--vbench");
        Assert.Equal(["A cat, running.-0", "A cat, running.-1", "A cat, running.-2", "A cat, running.-3", "A cat, running.-4", "A dog-0", "A dog-1", "A dog-2", "A dog-3", "A dog-4"], names);
    }

    [Fact]
    public async Task Generate_SameBeginnings_GetNamesOfTheirOwn()
    {
        string start = string.Concat(Enumerable.Repeat("a long walk ", 6));
        string[] names = await Names($"{start}one\n{start}two\na/b\\c: d?\n\n..\n");

        Assert.Equal(5, names.Length);
        Assert.Equal("0002-a-b-c-d", names[2]);
        Assert.Equal(["0003-prompt", "0004-prompt"], names[3..]);
        Assert.All(names, static name => Assert.True(name.Length <= 70));
    }

    [Fact]
    public async Task Generate_SaveWithIndex_NamesFilesByNumber() => Assert.Equal(["0-0", "0-1", "1-0", "1-1"], await Names("a\nb\n", "--save_with_index", "--num_samples", "2"));

    [Fact]
    public async Task Generate_ExtendedPrompts_AreEncodedAndTheOthersNameTheFiles()
    {
        string extended = Write("more.txt", "a cat in the rain\na dog in the sun\n");
        string[] names = await Names("cat\ndog\n", "--extended_prompt_path", extended);
        byte[] expected = MiniModel.Frames(Path.Combine(_output, names[0]));
        CommandResult direct = await _model.Generate("--prompt", "a cat in the rain", "--output_folder", _output, "--save_with_index");

        Assert.Equal(["0000-cat", "0001-dog"], names);
        Assert.Equal(0, direct.ExitCode);
        Assert.Equal(expected, MiniModel.Frames(Path.Combine(_output, "0-0")));
    }

    [Fact]
    public async Task Generate_ExtendedPromptsOfAnotherNumber_AreRefused()
    {
        CommandResult result = await _model.Generate("--data_path", Write("few.txt", "a\n"), "--extended_prompt_path", Write("more.txt", "a\nb\n"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("more.txt: has 2 prompts, expected 1, one for each of", result.Error);
    }

    [Fact]
    public async Task Generate_OddPromptFile_MakesAVideoOfEveryLine()
    {
        string source = Fixtures.Path("golden/formats/prompts_odd.txt");
        int lines = Formats.PromptFile.Read(source).Count;
        CommandResult result = await _model.Generate("--data_path", source, "--height", "16", "--width", "16", "--output_folder", _output);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(lines, Directory.GetDirectories(_output).Length);
    }

    private async Task<string[]> Names(string prompts, params string[] arguments)
    {
        CommandResult result = await _model.Generate(["--data_path", Write("prompts.txt", prompts), "--output_folder", _output, .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return [.. Directory.GetDirectories(_output).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_model.NewFolder(), name);
        File.WriteAllText(path, text);
        return path;
    }
}
