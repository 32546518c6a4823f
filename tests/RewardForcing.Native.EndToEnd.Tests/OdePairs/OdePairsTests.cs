using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class OdePairsTests : IClassFixture<MiniModel>
{
    private readonly MiniModel _model;
    private readonly string _root;

    public OdePairsTests(MiniModel model) => (_model, _root) = (model, model.NewFolder());

    private string Output => Path.Combine(_root, "pairs");

    [Fact]
    public async Task Run_ThreePrompts_MakesARowOfEachWithTheNoiseOfItsLine()
    {
        CommandResult result = await Run("--batch_size", "2");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches($"^row 0/3, step 1/4, [0-9.:]+ left\r?\n{Output}  3 rows, 3 made in [0-9.]+ s\r?\n$", result.Output);
        using IClipStore store = ClipStores.Open(Output);
        Assert.Equal((3, ClipKind.Trajectories, "[5, 3, 16, 4, 4]"), (store.Count, store.Kind, store.ClipShape.ToString()));
        Assert.Equal(["a fox", "", "a fox"], Enumerable.Range(0, 3).Select(store.Prompt));
        Assert.Equal(("4", "6", "1000 937.5 833.3333 625 0"), (store.Notes["steps"], store.Notes["guidance"], store.Notes["timesteps"]));

        // Two rows of one prompt differ in their noise alone; from there on everything does.
        Clip first = store.Read(0), third = store.Read(2);
        Assert.NotEqual(first.Values[..768], third.Values[..768]);
        Assert.NotEqual(first.Values[^768..], third.Values[^768..]);
        Assert.Equal(1, StandardDeviation(first.Values[..768]), 0.15);
    }

    [Fact]
    public async Task Run_InTwoGoes_GivesTheRowsOfOne()
    {
        Assert.Equal(0, (await Run("--store_dtype", "f32")).ExitCode);
        string prompts = Prompts("a fox\n");
        string other = Path.Combine(_root, "other");
        Assert.Equal(0, (await MiniModel.Run(Arguments(prompts, other, "--store_dtype", "f32"))).ExitCode);
        Prompts("a fox\n\na fox\n");
        CommandResult rest = await MiniModel.Run(Arguments(prompts, other, "--store_dtype", "f32", "--batch_size", "1"));
        Assert.Contains("3 rows, 2 made", rest.Output, StringComparison.Ordinal);

        using IClipStore whole = ClipStores.Open(Output), parts = ClipStores.Open(other);
        for (int row = 0; row < 3; row++)
        {
            Assert.Equal(whole.Read(row).Values, parts.Read(row).Values);
        }

        Assert.Contains("3 rows, 0 made", (await MiniModel.Run(Arguments(prompts, other, "--store_dtype", "f32"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FolderBegunOtherwise_IsRefusedInASentence()
    {
        Assert.Equal(0, (await Run()).ExitCode);
        string before = string.Join('|', Directory.GetFileSystemEntries(Output));
        await Refused("made with seed 0, expected 1 to continue it", "--seed", "1");
        await Refused("made with guidance 6, expected 5 to continue it", "--guidance", "5");
        await Refused("holds rows of [5, 3, 16, 4, 4], expected [5, 3, 16, 4, 8]", "--width", "64");
        CommandResult prompts = await MiniModel.Run(Arguments(Prompts("a fox\na dog\n"), Output));
        Assert.Contains("row 1 is for the prompt \"\", expected \"a dog\"", prompts.Error, StringComparison.Ordinal);
        prompts = await MiniModel.Run(Arguments(Prompts("a fox\n"), Output));
        Assert.Contains("row 1 is for the prompt \"\", expected the end", prompts.Error, StringComparison.Ordinal);
        Assert.Equal(before, string.Join('|', Directory.GetFileSystemEntries(Output)));
    }

    [Theory]
    [InlineData("the student's timestep 937.5 is none of the 6 of shift 5", "--num_steps", "6")]
    [InlineData("--height must be a multiple of 16, got 40", "--height", "40")]
    [InlineData("there is no such folder", "--model_dir", "none")]
    [InlineData("does not exist", "--data_path", "none.txt")]
    [InlineData("--num_steps must be a whole number from 1 to 1000, got 0", "--num_steps", "0")]
    [InlineData("leave out --store_dtype", "--format", "lmdb", "--store_dtype", "f32")]
    public async Task Run_BadOption_IsRefusedAndLeavesNothing(string sentence, params string[] options)
    {
        await Refused(sentence, options);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void Lmdb_NoLibrary_SaysHowToGetIt()
    {
        CommandResult result = Command.Run(new Dictionary<string, string> { ["REWARDFORCING_LMDB"] = Path.Combine(_root, "liblmdb.so.0") }, Arguments(Prompts("a\n"), Output, "--format", "lmdb"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("needs liblmdb, which was not found", Assert.Single(result.Error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [UnixTheory("Windows has no command that sends a signal to a process.")]
    [InlineData("INT")]
    [InlineData("KILL")]
    public void Signal_InTheMiddle_LeavesWholeRowsThatTheNextRunKeeps(string signal)
    {
        string prompts = Prompts(string.Concat(Enumerable.Repeat("a\n", 500)));
        string[] arguments = Arguments(prompts, Output, "--batch_size", "1", "--num_steps", "40");
        using (Process process = Command.Start("rewardforcing", new Dictionary<string, string>(), arguments))
        {
            Assert.StartsWith("row 0/500, step 1/40", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
            Thread.Sleep(TimeSpan.FromSeconds(3));
            Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExit();
            CommandResult result = Command.Finish(process);
            Assert.NotEqual(0, result.ExitCode);
            Assert.True(signal != "INT" || result.Error.Trim() == "Cancelled; only whole files were left.", result.Error);
        }

        Assert.All(Directory.Exists(Output) ? Directory.GetFiles(Output, "*.safetensors") : [], static file =>
        {
            using IClipStore store = ClipStores.Open(file);
            Assert.InRange(store.Count, 1, 499);
            Assert.Equal("a", store.Read(store.Count - 1).Prompt);
        });
        int kept = Directory.Exists(Output) && Directory.GetFiles(Output, "*.safetensors").Length > 0 ? Count() : 0;
        Assert.True(signal != "INT" || kept > 0);
        Prompts(string.Concat(Enumerable.Repeat("a\n", kept + 2)));
        Assert.Contains($"{kept + 2} rows, 2 made", Command.Run(arguments).Output, StringComparison.Ordinal);
        Assert.Equal(kept + 2, Count());
    }

    private static double StandardDeviation(float[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / values.Length);
    }

    private int Count()
    {
        using IClipStore store = ClipStores.Open(Output);
        return store.Count;
    }

    private string Prompts(string text)
    {
        string path = Path.Combine(_root, "prompts.txt");
        File.WriteAllText(path, text);
        return path;
    }

    private async Task<CommandResult> Run(params string[] options) => await MiniModel.Run(Arguments(Prompts("a fox\n\na fox\n"), Output, options));

    private async Task Refused(string sentence, params string[] options)
    {
        CommandResult result = await Run(options);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
    }

    // The published student's list with few steps; what is not given is small.
    private string[] Arguments(string prompts, string output, params string[] options)
    {
        (string Name, string Value)[] usual =
            [("--model_dir", _model.Folder), ("--height", "32"), ("--width", "32"), ("--num_latent_frames", "3"), ("--num_steps", "4"), ("--data_path", prompts), ("--output_folder", output)];
        return ["ode-pairs", .. usual.Where(option => !options.Contains(option.Name)).SelectMany(static option => new[] { option.Name, option.Value }), .. options];
    }
}
