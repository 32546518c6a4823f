using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

public sealed class GenerateOptionTests : IClassFixture<MiniModel>
{
    private const string Video = "0-0";
    private readonly MiniModel _model;
    private readonly string _output;

    public GenerateOptionTests(MiniModel model) => (_model, _output) = (model, model.NewFolder());

    // Each changes the pixels, and only what it says: the size and the number of frames stay.
    public static TheoryData<string[]> Changing => new(
        ["--seed", "7"], ["--rng", "torch-cpu"], ["--dtype", "bf16"], ["--sampler", "unipc", "--steps", "3"], ["--cache_policy", "self-forcing"], ["--sink_alpha", "0.5"],
        ["--prompt", "another dog"], ["--cache_policy", "longlive-infinity", "--sink-mismatch", "keep"]);

    [Theory]
    [MemberData(nameof(Changing))]
    public async Task Generate_Option_ChangesTheVideo(string[] option)
    {
        string[] rest = option.Contains("--prompt") ? option : ["--prompt", "a cat", .. option];
        byte[] plain = await Make("--prompt", "a cat", "--num_output_frames", "15");
        byte[] changed = await Make([.. rest, "--num_output_frames", "15"]);

        Assert.Equal(plain.Length, changed.Length);
        Assert.NotEqual(plain, changed);
    }

    [Fact]
    public async Task Generate_Solvers_DifferAndGuidanceOfOneNeedsNoNegativePrompt()
    {
        byte[] unipc = await Make("--prompt", "a cat", "--sampler", "unipc", "--steps", "3");
        byte[] dpm = await Make("--prompt", "a cat", "--sampler", "dpm++", "--steps", "3");
        byte[] euler = await Make("--prompt", "a cat", "--sampler", "euler", "--steps", "3");
        byte[] negative = await Make("--prompt", "a cat", "--sampler", "unipc", "--steps", "3", "--negative_prompt", "dogs");
        byte[] unguided = await Make("--prompt", "a cat", "--sampler", "unipc", "--steps", "3", "--guidance", "1");
        byte[] unguidedOther = await Make("--prompt", "a cat", "--sampler", "unipc", "--steps", "3", "--guidance", "1", "--negative_prompt", "dogs");

        Assert.Equal(5, new[] { unipc, dpm, euler, negative, unguided }.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(unguided, unguidedOther);
    }

    [Fact]
    public async Task Generate_SampleAlone_EqualsItAmongOthers()
    {
        await Make("--prompt", "a cat", "--num_samples", "3");
        byte[] third = MiniModel.Frames(Path.Combine(_output, "0-2"));
        byte[] second = MiniModel.Frames(Path.Combine(_output, "0-1"));
        Directory.Delete(Path.Combine(_output, "0-2"), recursive: true);
        CommandResult again = await _model.Generate("--prompt", "a cat", "--num_samples", "3", "--output_folder", _output, "--save_with_index");

        Assert.Equal(third, MiniModel.Frames(Path.Combine(_output, "0-2")));
        Assert.NotEqual(third, second);
        Assert.Equal(2, again.Error.Split("exists and is not made again").Length - 1);
    }

    [Fact]
    public async Task Generate_TorchRandom_SkippedVideosDrawTheirNoiseToo()
    {
        string prompts = Write("a cat\na dog\n");
        string[] arguments = ["--data_path", prompts, "--rng", "torch-cpu", "--num_samples", "2"];
        await Make(arguments);
        byte[] last = MiniModel.Frames(Path.Combine(_output, "1-1"));
        Directory.Delete(Path.Combine(_output, "1-1"), recursive: true);
        await _model.Generate([.. arguments, "--output_folder", _output, "--save_with_index"]);

        Assert.Equal(last, MiniModel.Frames(Path.Combine(_output, "1-1")));
    }

    [Fact]
    public async Task Generate_ExistingVideo_IsRedoneOnlyWithOverwrite()
    {
        await Make("--prompt", "a cat");
        string frame = Path.Combine(_output, Video, "frame_000000.png");
        byte[] before = File.ReadAllBytes(frame);
        CommandResult skipped = await _model.Generate("--prompt", "a cat", "--seed", "1", "--output_folder", _output, "--save_with_index", "--model_dir", "nowhere");
        Assert.Equal((0, ""), (skipped.ExitCode, skipped.Output));
        Assert.Equal($"{Path.Combine(_output, Video)} exists and is not made again; --overwrite does.", skipped.Error.Trim());
        Assert.Equal(before, File.ReadAllBytes(frame));

        await Make("--prompt", "a cat", "--seed", "1", "--overwrite");
        Assert.NotEqual(before, File.ReadAllBytes(frame));
    }

    [Fact]
    public async Task Generate_DashesForUnderscores_AreTheSame()
    {
        byte[] underscores = await Make("--prompt", "a cat", "--num_output_frames", "6");
        CommandResult dashes = await MiniModel.Run(
            "generate", "--model-dir", _model.Folder, "--height=32", "--width", "32", "--num-output-frames=6", "--prompt", "a cat", "--output-folder", _output, "--save-with-index", "--format", "png", "--overwrite");

        Assert.Equal(0, dashes.ExitCode);
        Assert.Equal(underscores, MiniModel.Frames(Path.Combine(_output, Video)));
    }

    [Fact]
    public async Task Generate_Image_StartsTheVideo()
    {
        string image = Fixtures.Path("golden/formats/video/frame_006.png");
        byte[] frames = await Make("--prompt", "a cat", "--image", image, "--num_output_frames", "7", "--i2v");
        Assert.Equal(25 * 32 * 32 * 3, frames.Length);

        byte[] defaults = await Make("--prompt", "a cat", "--image", image, "--num_output_frames", "4", "--overwrite");
        Assert.Equal(frames[..defaults.Length], defaults);

        CommandResult wrong = await _model.Generate("--prompt", "a cat", "--image", image, "--num_output_frames", "6", "--output_folder", _output, "--overwrite");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("multiple of 3, got 5", wrong.Error);
    }

    [Fact]
    public async Task Generate_ImageDataset_UsesCaptionsAndImages()
    {
        string data = _model.NewFolder();
        Directory.CreateDirectory(Path.Combine(data, "26-15"));
        File.Copy(Fixtures.Path("golden/formats/video/frame_006.png"), Path.Combine(data, "26-15", "one.png"));
        File.Copy(Fixtures.Path("golden/formats/video/frame_000.png"), Path.Combine(data, "26-15", "two.png"));
        File.WriteAllText(Path.Combine(data, "target_crop_info_26-15.json"), """[{"file_name": "one.png", "caption": "a cat"}, {"file_name": "two.png", "caption": "a dog", "type": "x"}]""");

        byte[] first = await Make("--data_path", data, "--i2v", "--num_output_frames", "4");
        byte[] alone = await Make("--prompt", "a cat", "--image", Path.Combine(data, "26-15", "one.png"), "--num_output_frames", "4", "--overwrite");

        Assert.Equal(alone, first);
        Assert.NotEqual(first, MiniModel.Frames(Path.Combine(_output, "1-0")));
    }

    [Fact]
    public async Task Generate_Extend_ContinuesFramesOrLatents()
    {
        string latents = Path.Combine(_output, "saved.safetensors"), longer = Path.Combine(_output, "longer.safetensors");
        byte[] start = await Make("--prompt", "a cat", "--save_latents", latents);
        Assert.Equal((3, 16, 4, 4), LatentFile.Read(latents) is var saved ? (saved.Frames, saved.Channels, saved.Height, saved.Width) : default);

        byte[] continued = await Make("--prompt", "a cat", "--extend", latents, "--overwrite", "--save_latents", longer);
        Assert.Equal(start, continued[..start.Length]);
        Assert.Equal(21 * 32 * 32 * 3, continued.Length);
        Assert.Equal(LatentFile.Read(latents).Values.ToArray(), LatentFile.Read(longer).Values[..(3 * 16 * 16)].ToArray());

        byte[] fromFrames = await Make("--prompt", "a cat", "--extend", Frames(start), "--overwrite");
        Assert.Equal(continued.Length, fromFrames.Length);
    }

    [Fact]
    public async Task Generate_PreviewDecoder_DecodesTheSameLatents()
    {
        string preview = Path.Combine(_model.NewFolder(), "taehv.pth");
        Assert.Equal(0, Command.RunProgram("MakeCheckpoint", new Dictionary<string, string>(), "--size", "mini", "--parts", "taehv", "--output", Path.GetDirectoryName(preview)!).ExitCode);
        File.Move(Path.Combine(Path.GetDirectoryName(preview)!, "taew2_1.pth"), preview);
        byte[] full = await Make("--prompt", "a cat", "--decoder", "vae");
        byte[] coarse = await Make("--prompt", "a cat", "--decoder", "taehv", preview, "--overwrite");

        Assert.Equal(full.Length, coarse.Length);
        Assert.NotEqual(full, coarse);
    }

    [Fact]
    public async Task Generate_UseEma_TakesTheAverageWhereThereIsOne()
    {
        string nested = Fixtures.Path("golden/models/ckpt/pt/nested_fsdp.pt"), flat = Fixtures.Path("golden/models/ckpt/pt/flat_rf_fp32.pt");
        byte[] trained = await Make("--prompt", "a cat", "--checkpoint_path", nested);
        byte[] averaged = await Make("--prompt", "a cat", "--checkpoint_path", nested, "--use_ema");
        Assert.NotEqual(trained, averaged);

        byte[] plain = await Make("--prompt", "a cat", "--checkpoint_path", flat);
        CommandResult noAverage = await _model.Generate("--prompt", "a cat", "--checkpoint_path", flat, "--use_ema", "--output_folder", _output, "--save_with_index", "--overwrite");
        Assert.Equal(plain, MiniModel.Frames(Path.Combine(_output, Video)));
        Assert.Contains("--use_ema changes nothing", noAverage.Error);
        Assert.NotEqual(plain, trained);
    }

    [Fact]
    public async Task Generate_ConfigPath_SetsBlocksWindowAndSize()
    {
        string config = Path.Combine(_output, "run.yaml");
        File.WriteAllText(config, "denoising_step_list: [1000, 500]\nnum_frame_per_block: 2\nheight: 16\nwidth: 48\nindependent_first_frame: true\nmodel_kwargs: {local_attn_size: 5, sink_size: 1}\ntypo: 1\n");
        CommandResult result = await MiniModel.Run(
            "generate", "--model_dir", _model.Folder, "--prompt", "a cat", "--config_path", config, "--format", "apng", "--output_folder", _output, "--num_output_frames", "5", "--report", Path.Combine(_output, "r.json"));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"{config}: nothing reads the key typo; check the spelling.", result.Error);
        JsonElement report = Report("r.json");
        Assert.Equal((5, 1, 2), (report.GetProperty("window_latent_frames").GetInt32(), report.GetProperty("sink_latent_frames").GetInt32(), report.GetProperty("steps_of_a_block").GetInt32()));
        Assert.Equal([1, 2, 2], report.GetProperty("videos")[0].GetProperty("blocks").EnumerateArray().Select(static block => block.GetProperty("latent_frames").GetInt32()));
        Assert.Equal((16, 48), (report.GetProperty("videos")[0].GetProperty("height").GetInt32(), report.GetProperty("videos")[0].GetProperty("width").GetInt32()));
    }

    // The file brings the policy; the option goes before it.
    [Fact]
    public async Task Generate_ShippedConfigurations_RunTheirPolicies()
    {
        string causvid = Path.Combine(Fixtures.Root, "..", "..", "configs", "causvid.yaml"), report = Path.Combine(_output, "report.json");
        byte[] video = await Make("--prompt", "a cat", "--config_path", causvid, "--num_output_frames", "15", "--report", report);
        byte[] named = await Make("--prompt", "a cat", "--config_path", causvid, "--num_output_frames", "15", "--cache_policy", "causvid");
        byte[] other = await Make("--prompt", "a cat", "--num_output_frames", "15");

        Assert.Equal((3, -1, 0), (Report("report.json").GetProperty("steps_of_a_block").GetInt32(), Report("report.json").GetProperty("window_latent_frames").GetInt32(), Report("report.json").GetProperty("sink_latent_frames").GetInt32()));
        Assert.Equal("causvid", Report("report.json").GetProperty("cache_policy").GetString());
        Assert.Equal(video, named);
        Assert.NotEqual(video, other);
    }

    // The first block sees nothing but itself, so block by block and all at once are the same there.
    [Fact]
    public async Task Generate_ManyStepsBlockByBlock_StartsAsTheWholeVideoDoes()
    {
        string config = Path.Combine(_output, "causal.yaml");
        File.WriteAllText(config, "num_frame_per_block: 3\ntimestep_shift: 5.0\nmodel_kwargs: {local_attn_size: 9, sink_size: 3}\n");
        string[] solver = ["--sampler", "dpm++", "--steps", "3", "--guidance", "4"];
        byte[] whole = await Make(["--prompt", "a cat", .. solver]);
        byte[] block = await Make(["--prompt", "a cat", "--config_path", config, .. solver]);
        byte[] blocks = await Make(["--prompt", "a cat", "--config_path", config, "--num_output_frames", "9", .. solver]);

        Assert.Equal(whole.Length, block.Length);
        Assert.All(whole.Zip(block), static pair => Assert.InRange(pair.Second, pair.First - 1, pair.First + 1));
        Assert.Equal(block, blocks[..block.Length]);
        Assert.Equal(33 * 32 * 32 * 3, blocks.Length);
    }

    [Fact]
    public async Task Generate_CheckpointFolder_FindsTheFileInIt()
    {
        string file = Path.Combine(_model.Folder, "diffusion_pytorch_model.safetensors"), empty = _model.NewFolder();
        byte[] expected = await Make("--prompt", "a cat", "--checkpoint_path", file);
        byte[] sharded = await Make("--prompt", "a cat", "--checkpoint_path", Fixtures.Path("golden/models/ckpt/orig-sharded/Wan2.1-T2V-14B"));
        CommandResult nothing = await _model.Generate("--prompt", "a cat", "--checkpoint_path", empty, "--output_folder", _output, "--overwrite");

        Assert.Equal(expected, sharded);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains($"{empty} holds no *.index.json", nothing.Error.Replace(": ", " ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generate_Report_NamesWhatIsCounted()
    {
        string report = Path.Combine(_output, "report.json");
        CommandResult result = await _model.Generate("--data_path", Write("a cat\na dog\n"), "--num_output_frames", "6", "--output_folder", _output, "--report", report, "--contact_sheet");

        Assert.Equal(0, result.ExitCode);
        JsonElement json = Report("report.json");
        Assert.Equal(42, json.GetProperty("frames_of_all_videos").GetInt32());
        Assert.Equal(2, json.GetProperty("videos").GetArrayLength());
        double load = json.GetProperty("load_seconds").GetDouble(), text = json.GetProperty("text_seconds").GetDouble(), total = json.GetProperty("total_seconds_with_load_and_text").GetDouble();
        double generation = json.GetProperty("videos").EnumerateArray().Sum(static video => video.GetProperty("generation_seconds_without_load_and_text").GetDouble());
        Assert.True(load > 0 && text > 0 && generation > 0 && load + text + generation <= total);
        Assert.Equal(42 / total, json.GetProperty("end_to_end_frames_per_second_with_load_and_text").GetDouble(), 6);
        Assert.Equal(42 / generation, json.GetProperty("end_to_end_frames_per_second_without_load_and_text").GetDouble(), 6);
        foreach (string key in new[] { "transformer_only_frames_per_second", "decoder_only_frames_per_second", "end_to_end_frames_per_second", "first_frame_seconds_without_load_and_text", "peak_device_bytes" })
        {
            Assert.True(json.GetProperty("videos")[1].GetProperty(key).GetDouble() > 0, key);
        }

        Assert.All(json.GetProperty("videos").EnumerateArray().SelectMany(static video => video.GetProperty("other_files").EnumerateArray()), static file => Assert.True(PictureFile.Read(file.GetString()!).Width > 32));
    }

    [Fact]
    public async Task Generate_Mp4_IsFedToTheProgramNamed()
    {
        string ffmpeg = FakeProgram.Make(Path.Combine(_output, "tools"));
        byte[] frames = await Make("--prompt", "a cat");
        CommandResult result = await _model.Generate("--prompt", "a cat", "--format", "mp4", "--fps", "12.5", "--ffmpeg", ffmpeg, "--output_folder", _output, "--save_with_index");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(frames, File.ReadAllBytes(Path.Combine(_output, "0-0.mp4")));
        Assert.Contains("25/2", FakeProgram.Arguments(Path.Combine(_output, "tools")));
    }

    private static string Frames(byte[] pixels)
    {
        string folder = Directory.CreateTempSubdirectory("rf-frames-").FullName;
        const int Size = 32 * 32 * 3;
        for (int i = 0; i < pixels.Length / Size; i++)
        {
            PngWriter.Write(Path.Combine(folder, $"frame_{i:D6}.png"), 32, 32, pixels.AsSpan(i * Size, Size));
        }

        return folder;
    }

    private async Task<byte[]> Make(params string[] arguments)
    {
        CommandResult result = await _model.Generate([.. arguments, "--output_folder", _output, "--save_with_index", .. arguments.Contains("--overwrite") ? Array.Empty<string>() : ["--overwrite"]]);
        Assert.True(result.ExitCode == 0, result.Error);
        return MiniModel.Frames(Path.Combine(_output, Video));
    }

    private JsonElement Report(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_output, name))).RootElement;

    private string Write(string text)
    {
        string path = Path.Combine(_output, "prompts.txt");
        File.WriteAllText(path, text);
        return path;
    }
}
