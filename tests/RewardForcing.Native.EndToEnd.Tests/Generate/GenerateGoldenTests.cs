using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>The command reproduces reference cases from prompt to frames: small ones of the repository, and what is found beside it of those whose weights are too large for it.</summary>
public sealed class GenerateGoldenTests(MiniModel model) : IClassFixture<MiniModel>
{
    private const string Own = "own";
    private const int MiniVocabulary = 40;

    /// <summary>A case that is computed on the spot, and all reference cases that are there.</summary>
    public static TheoryData<string> Cases
    {
        get
        {
            TheoryData<string> cases = new(Own, Fixtures.Path("golden/runs/few-step-sink.safetensors"), Fixtures.Path("golden/runs/many-steps-guided.safetensors"));
            string[] found = SharedFolder() is { } folder ? Directory.GetFiles(folder, "e-*.safetensors") : [];
            foreach (string path in found.Order(StringComparer.Ordinal))
            {
                cases.Add(path);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_NoiseOfACase_GivesItsLatentsAndFrames(string path)
    {
        if (path == Own)
        {
            await CompareWithThePipeline();
            return;
        }

        using GoldenFile file = new(path);
        string folder = Link(file);
        int vocabulary = file.HasConfig("t5") ? file.Config.GetProperty("t5").GetProperty("vocab").GetInt32() : MiniVocabulary;
        string prompt = MiniModel.PromptFor(folder, vocabulary, file.Longs("in.ids"));
        int[] noise = file.ShapeOf("in.noise");
        string output = model.NewFolder(), latents = Path.Combine(output, "latents.safetensors");
        List<string> arguments =
        [
            "generate", "--model_dir", folder, "--config_path", WriteConfig(file, folder), "--prompt", prompt, "--noise_from", path, "--format", "png",
            "--num_output_frames", $"{noise[1]}", "--height", $"{8 * noise[3]}", "--width", $"{8 * noise[4]}", "--output_folder", output, "--save_latents", latents, "--save_with_index",
        ];
        if (file.Has("out.initial_latent"))
        {
            arguments.AddRange(["--extend", WriteLatents(file, folder)]);
        }

        if (file.HasConfig("sink_alpha"))
        {
            arguments.AddRange(["--sink_alpha", file.Config.GetProperty("sink_alpha").GetRawText()]);
        }

        if (file.HasConfig("solver"))
        {
            arguments.AddRange(["--sampler", file.Config.GetProperty("solver").GetString()!, "--steps", file.Config.GetProperty("steps").GetRawText()]);
            arguments.AddRange(["--negative_prompt", MiniModel.PromptFor(folder, vocabulary, file.Longs("in.negative_ids"))]);
        }

        CommandResult result = await MiniModel.Run([.. arguments]);

        Assert.Equal((0, ""), (result.ExitCode, string.Join('\n', result.Error.Split('\n').Where(static line => !line.StartsWith("Without --checkpoint_path", StringComparison.Ordinal))).Trim()));
        Assert.True(GoldenFile.Distance(file.Floats("out.latents"), LatentFile.Read(latents).Values.Span) <= 4e-6);
        AssertFrames(file.Bytes("out.frames_u8"), MiniModel.Frames(Path.Combine(output, "0-0")));
    }

    private async Task CompareWithThePipeline()
    {
        string noise = Path.Combine(model.NewFolder(), "noise.safetensors");
        Dictionary<string, float[]> draws = WriteNoise(noise);
        using CpuDevice device = new();
        ModelFolder folder = ModelFolder.Open(model.Folder);
        using WanTransformer transformer = folder.LoadTransformer(device);
        using WanVae vae = folder.LoadVae(device);
        using VideoPipeline pipeline = new(transformer, vae.OpenDecoder, new GenerationSettings());
        using ReplayNoise replay = new(TensorArchive.Open(noise));
        List<VideoChunk> expected = pipeline.GenerateAsync(new GenerationRequest
        {
            Prompt = folder.EncodePrompts(device, ["a cat"], DType.F32, 16)[0],
            Noise = replay,
            LatentFrames = 6,
            Height = 32,
            Width = 48,
        }).ToBlockingEnumerable().ToList();
        string output = model.NewFolder();

        CommandResult result = await model.Generate("--prompt", " a   cat ", "--noise_from", noise, "--num_output_frames", "6", "--width", "48", "--format", "png", "--output_folder", output, "--save_with_index");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal([.. expected.SelectMany(static chunk => chunk.Rgb24.ToArray())], MiniModel.Frames(Path.Combine(output, "0-0")));
        Assert.Equal(7, draws.Count);
    }

    private static Dictionary<string, float[]> WriteNoise(string path)
    {
        (int Channels, int Height, int Width) = (16, 4, 6);
        Dictionary<string, float[]> draws = new() { ["in.noise"] = new float[6 * Channels * Height * Width] };
        foreach (string name in new[] { 0, 1 }.SelectMany(static block => new[] { 0, 1, 2 }.Select(step => $"in.block{block}.renoise{step}")))
        {
            draws[name] = new float[3 * Channels * Height * Width];
        }

        uint number = 0;
        foreach (float[] values in draws.Values)
        {
            Philox.Normals(values, number++, 0, 0, 5);
        }

        SafetensorsWriter.Write(path, [.. draws.Select(pair => new WritableTensor(
            pair.Key,
            ElementType.F32,
            pair.Key == "in.noise" ? [1, 6, Channels, Height, Width] : [3, Channels, Height, Width],
            stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(pair.Value))))]);
        return draws;
    }

    // The files of a case, with the names and in the places of a published model.
    private string Link(GoldenFile file)
    {
        string folder = model.NewFolder();
        if (file.HasConfig("model"))
        {
            string source = Path.Combine(Path.GetDirectoryName(file.Path)!, file.Config.GetProperty("model").GetString()!);
            foreach (string part in Directory.GetFiles(source))
            {
                File.Copy(part, Path.Combine(folder, Path.GetFileName(part)));
            }

            return folder;
        }

        foreach (string weights in file.WeightsFiles)
        {
            string name = Path.GetFileName(weights) switch
            {
                var t5 when t5.Contains("t5", StringComparison.Ordinal) => "models_t5_umt5-xxl-enc-bf16.safetensors",
                var vae when vae.Contains("vae", StringComparison.Ordinal) => "Wan2.1_VAE.safetensors",
                _ => "diffusion_pytorch_model.safetensors",
            };
            File.CreateSymbolicLink(Path.Combine(folder, name), Path.GetFullPath(weights));
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), file.Config.GetProperty("dit").GetRawText());
        return folder;
    }

    // What a case says of its run, under the keys of the reference's configurations.
    private static string WriteConfig(GoldenFile file, string folder)
    {
        string[] outer = ["denoising_step_list", "warp_denoising_step", "independent_first_frame", "num_frame_per_block", "guidance_scale", "timestep_shift"];
        string[] inner = ["timestep_shift", "local_attn_size", "sink_size"];
        IEnumerable<string> Lines(string[] keys, string indent) => keys.Where(file.HasConfig).Select(key => $"{indent}{key}: {file.Config.GetProperty(key).GetRawText()}");
        string path = Path.Combine(folder, "run.yaml");
        File.WriteAllLines(path, [.. Lines(outer, ""), "model_kwargs:", .. Lines(inner, "  ")]);
        return path;
    }

    private static string WriteLatents(GoldenFile file, string folder)
    {
        string path = Path.Combine(folder, "start.safetensors");
        using SafetensorsAppender writer = new(path, LatentFile.TensorName, [.. file.ShapeOf("out.initial_latent").Select(static extent => (long)extent)]);
        writer.Append(file.Floats("out.initial_latent"));
        writer.Complete();
        return path;
    }

    private static void AssertFrames(byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        int differing = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int difference = Math.Abs(expected[i] - actual[i]);
            Assert.True(difference <= 1, $"byte {i}: expected {expected[i]}, got {actual[i]}.");
            differing += difference;
        }

        Assert.True(differing <= expected.Length / 1000);
    }

    private static string? SharedFolder()
    {
        for (DirectoryInfo? folder = new(Fixtures.Root); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "golden", "models");
            if (File.Exists(Path.Combine(candidate, "weights-T.safetensors")))
            {
                return candidate;
            }
        }

        return null;
    }
}
