using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class GenerateFailureTests : IClassFixture<MiniModel>
{
    private readonly MiniModel _model;
    private readonly string _output;

    public GenerateFailureTests(MiniModel model) => (_model, _output) = (model, Path.Combine(model.Root, Guid.NewGuid().ToString("N")));

    public static TheoryData<string, string[]> Usage => new()
    {
        { "There is no prompt", [] },
        { "two places for prompts", ["--prompt", "a", "--data_path", "b"] },
        { "'--bogus' is neither", ["--prompt", "a", "--bogus"] },
        { "'stray' is neither", ["--prompt", "a", "stray"] },
        { "--format must be one of mp4, apng, png, got gif", ["--prompt", "a", "--format", "gif"] },
        { "--fps must be a number", ["--prompt", "a", "--fps", "fast"] },
        { "--fps must be", ["--prompt", "a", "--fps", "0"] },
        { "--seed must be a whole number from 0 on, got -1", ["--prompt", "a", "--seed=-1"] },
        { "--num_samples must be", ["--prompt", "a", "--num_samples", "0"] },
        { "--report must name a file or a folder, got an empty text", ["--prompt", "a", "--report", ""] },
        { "--output_folder must name a file or a folder, got an empty text", ["--prompt", "a", "--output_folder", ""] },
        { "--prompt is given 2 times; give it once", ["--prompt", "a", "--prompt", "b"] },
        { "--seed is given 3 times; give it once", ["--prompt", "a", "--seed", "1", "--seed", "2", "--seed", "3"] },
        { "--num_output_frames must be", ["--prompt", "a", "--num_output_frames", "0"] },
        { "--sink_alpha must be a number from 0 to 1", ["--prompt", "a", "--sink_alpha", "1.5"] },
        { "--guidance must be a finite number", ["--prompt", "a", "--guidance", "NaN"] },
        { "--cache_policy must be one of reward-forcing", ["--prompt", "a", "--cache_policy", "mine"] },
        { "--decoder must be vae, taehv", ["--prompt", "a", "--decoder", "h264"] },
        { "--decoder must be vae, taehv", ["--prompt", "a", "--decoder", "vae", "file.pth"] },
        { "--extended_prompt_path goes with", ["--prompt", "a", "--extended_prompt_path", "b"] },
        { "--i2v needs images", ["--prompt", "a", "--i2v"] },
        { "two beginnings", ["--prompt", "a", "--extend", "b", "--image", "c"] },
        { "name files in two ways", ["--prompt", "a", "--vbench", "--save_with_index"] },
        { "--low_memory is for GPUs", ["--prompt", "a", "--low_memory"] },
        { "--low_memory is for GPUs", ["--prompt", "a", "--device", "cpu", "--low-memory"] },
        { "replaces random numbers", ["--prompt", "a", "--noise_from", "f", "--rng", "torch-cpu"] },
    };

    [Theory]
    [MemberData(nameof(Usage))]
    public async Task Generate_CommandLineNotUnderstood_ExitsWithTwoAndSaysWhy(string reason, string[] arguments)
    {
        CommandResult result = await MiniModel.Run(["generate", "--model_dir", _model.Folder, .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason, result.Error);
        Assert.Equal(2, result.Error.Trim().Split('\n').Length);
    }

    public static TheoryData<string, string[]> Failures => new()
    {
        { "nowhere: there is no such folder", ["--model_dir", "nowhere"] },
        { "the transformer's config is missing", ["--model_dir", Fixtures.Path("golden/formats")] },
        { "missing.pt: there is no such checkpoint", ["--checkpoint_path", "missing.pt"] },
        { "expected 69 tensors, found 194", ["--checkpoint_path", Fixtures.Path("golden/models/ckpt/orig/Wan2.1-T2V-1.3B/Wan2.1_VAE.pth")] },
        { "reject_unknown_global.pt", ["--checkpoint_path", Fixtures.Path("golden/models/ckpt/pt/reject_unknown_global.pt")] },
        { "--height and --width must be multiples of 16, got 33 x 32", ["--height", "33"] },
        { "multiple of 3, got 7", ["--num_output_frames", "7"] },
        { "--num_output_frames must be at most 2419200", ["--num_output_frames", "2147483646"] },
        { "expected the name of a file to write, found a folder", ["--report", Fixtures.Path("golden")] },
        { "device: expected cpu, cuda or cuda:N, got gpu", ["--device", "gpu"] },
        { "--steps and --guidance are for", ["--steps", "4"] },
        { "no-ffmpeg: expected the program ffmpeg", ["--format", "mp4", "--ffmpeg", "/nowhere/no-ffmpeg"] },
        { "no-noise.safetensors", ["--noise_from", "no-noise.safetensors"] },
        { "holds no tensor in.noise", ["--noise_from", Fixtures.Path("golden/models/weights-vae-z4.safetensors")] },
        { "no-run.yaml", ["--config_path", "no-run.yaml"] },
        { "no-image.png", ["--image", "no-image.png"] },
        { "--image: frames that are there are continued block by block", ["--image", "any.png", "--sampler", "unipc"] },
        { "no picture of a known kind", ["--image", Fixtures.Path("golden/formats/prompts_odd.txt")] },
        { "holds no tensor latents", ["--extend", Fixtures.Path("golden/models/weights-vae-z4.safetensors")] },
        { "there is no such preview decoder", ["--decoder", "taehv"] },
        { "names files after their prompts", ["--vbench", "--prompt", "a/b"] },
        { "nothing can be written there", ["--output_folder", Fixtures.Path("golden/formats/prompts_odd.txt/videos")] },
        { "nothing can be written there", ["--report", Fixtures.Path("golden/formats/prompts_odd.txt/r.json")] },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Generate_SomethingIsWrong_SaysOneSentenceAndLeavesNothing(string reason, string[] arguments)
    {
        string[] prompt = arguments.Contains("--prompt") ? [] : ["--prompt", "a cat"];
        string[] output = arguments.Contains("--output_folder") ? [] : ["--output_folder", _output];
        CommandResult result = await _model.Generate([.. prompt, .. output, .. arguments]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string[] lines = [.. result.Error.Trim().Split('\n').Where(static line => !line.StartsWith("Without --checkpoint_path", StringComparison.Ordinal))];
        Assert.Contains(reason, lines[0]);
        Assert.DoesNotContain("Parameter '", result.Error);
        Assert.All(lines[1..], static line => Assert.StartsWith("  ", line));
        Assert.Empty(Directory.Exists(_output) ? Directory.GetFileSystemEntries(_output) : []);
    }

    [Theory]
    [InlineData("google", "the text encoder's tokenizer")]
    [InlineData("Wan2.1_VAE.pth", "the video autoencoder (VAE) is missing")]
    [InlineData("models_t5_umt5-xxl-enc-bf16.pth", "the text encoder (umT5) is missing")]
    public async Task Generate_PartOfTheModelIsMissing_NamesIt(string part, string reason)
    {
        string folder = _model.NewFolder();
        foreach (string entry in Directory.GetFileSystemEntries(_model.Folder).Where(entry => Path.GetFileName(entry) != part))
        {
            if (Directory.Exists(entry))
            {
                Directory.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(entry)), entry);
            }
            else
            {
                File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(entry)), entry);
            }
        }

        CommandResult result = await _model.Generate("--prompt", "a cat", "--model_dir", folder, "--output_folder", _output);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(reason, result.Error);
    }

    [Fact]
    public async Task Generate_Verbose_AddsTheTrace()
    {
        CommandResult plain = await _model.Generate("--prompt", "a cat", "--model_dir", "nowhere");
        CommandResult verbose = await _model.Generate("--prompt", "a cat", "--model_dir", "nowhere", "--verbose");

        Assert.DoesNotContain("   at ", plain.Error);
        Assert.Contains("   at RewardForcing", verbose.Error);
    }

    [Fact]
    public async Task Generate_EncoderDiesInTheMiddle_QuotesItAndLeavesNothing()
    {
        string report = Path.Combine(_model.NewFolder(), "r.json");
        string ffmpeg = FakeProgram.Make(Path.Combine(_model.Root, "dying"), "die:5000");
        CommandResult result = await _model.Generate("--prompt", "a cat", "--format", "mp4", "--ffmpeg", ffmpeg, "--output_folder", _output, "--report", report);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ffmpeg stopped with exit code 3", result.Error);
        Assert.Empty(Directory.GetFileSystemEntries(_output));
        Assert.False(File.Exists(report));
    }
}
