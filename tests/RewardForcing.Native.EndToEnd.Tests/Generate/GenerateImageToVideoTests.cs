using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>The command with a transformer of Wan's image-to-video configuration: a vision tower, a picture of any size, the whole video at once.</summary>
public sealed class GenerateImageToVideoTests(MiniModel model) : IClassFixture<MiniModel>
{
    [Theory]
    [InlineData("i2v-portrait", "")]
    [InlineData("i2v-landscape", "causal: false\ntimestep_shift: 3.0\n")]
    public async Task Generate_PictureAndNoiseOfACase_GivesItsLatentsAndFrames(string name, string config)
    {
        using GoldenFile file = new(Fixtures.Path($"golden/i2v/{name}.safetensors"));
        string folder = Link(file), output = model.NewFolder(), latents = Path.Combine(output, "latents.safetensors");
        List<string> arguments =
        [
            "generate", "--model_dir", folder, "--image", WritePicture(file, folder), "--prompt", PromptOf(file, "in.ids", folder), "--negative_prompt", PromptOf(file, "in.negative_ids", folder),
            "--noise_from", file.Path, "--format", "png", "--save_with_index", "--output_folder", output, "--save_latents", latents, "--num_output_frames", $"{file.ShapeOf("in.noise")[1]}",
            .. new[] { "height", "width", "steps", "guidance" }.SelectMany(key => new[] { $"--{key}", file.Config.GetProperty(key).GetRawText() }),
        ];
        if (config.Length > 0)
        {
            string yaml = Path.Combine(folder, "run.yaml");
            File.WriteAllText(yaml, config);
            arguments.AddRange(["--config_path", yaml]);
        }

        CommandResult result = await MiniModel.Run([.. arguments]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Comparison comparison = file.Compare("out.latents", LatentFile.Read(latents).Values.Span);
        Assert.True(comparison.Passed, $"{comparison}");
        byte[] expected = file.Bytes("out.frames_u8"), frames = MiniModel.Frames(Path.Combine(output, "0-0"));
        Assert.Equal(expected.Length, frames.Length);
        Assert.All(expected.Zip(frames), static pair => Assert.InRange(pair.Second, pair.First - 1, pair.First + 1));
    }

    [Theory]
    [InlineData("wan")]
    [InlineData("diffusers")]
    public void MiniatureCheckpoint_PictureOfOddSize_GivesAVideoOfItsShape(string layout)
    {
        string folder = model.NewFolder(), output = Path.Combine(folder, "videos"), picture = Fixtures.Path("golden/formats/video/frame_006.png");
        Assert.Equal(0, Command.RunProgram("MakeCheckpoint", new Dictionary<string, string>(), "--size", "mini-i2v", "--layout", layout, "--output", folder).ExitCode);

        CommandResult result = Command.Run(
            "generate", "--model_dir", folder, "--prompt", "the camera turns", "--image", picture, "--steps", "2", "--height", "48", "--width", "48", "--num_output_frames", "2", "--format", "png", "--output_folder", output);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] frames = Directory.GetFiles(Assert.Single(Directory.GetDirectories(output)));
        Assert.Equal(5, frames.Length);
        Picture start = PictureFile.Read(picture), last = PictureFile.Read(frames[^1]);
        Assert.Equal(ImageGuides.SizeFor(start, 48, 48), (last.Height, last.Width));
        Assert.True(last.Rgb24.Distinct().Count() > 20);
    }

    [Theory]
    [InlineData("needs an image; give one with --image FILE", new string[0])]
    [InlineData("an image-to-video transformer makes the whole video at once", new[] { "--image", "PICTURE", "--sampler", "few-step" })]
    [InlineData("makes its whole video from an image and continues none", new[] { "--extend", "LATENTS" })]
    public async Task Generate_WhatTheConfigurationCannotDo_SaysSo(string reason, string[] arguments)
    {
        using GoldenFile file = new(Fixtures.Path("golden/i2v/i2v-portrait.safetensors"));
        string folder = Link(file), output = Path.Combine(model.NewFolder(), "videos");
        string picture = WritePicture(file, folder), prompt = PromptOf(file, "in.ids", folder), latents = Path.Combine(folder, "latents.safetensors");
        using (SafetensorsAppender writer = new(latents, LatentFile.TensorName, [1, 1, 16, 4, 4]))
        {
            writer.Append(new float[256]);
            writer.Complete();
        }

        CommandResult result = await MiniModel.Run(
            ["generate", "--model_dir", folder, "--prompt", prompt, "--output_folder", output, .. arguments.Select(word => word switch { "PICTURE" => picture, "LATENTS" => latents, _ => word })]);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason, Assert.Single(result.Error.Trim().Split('\n')));
        Assert.Empty(Directory.GetFileSystemEntries(output));
    }

    // The files of a case, with the names and in the places of a published model.
    private string Link(GoldenFile file)
    {
        string folder = model.NewFolder(), here = Path.GetDirectoryName(file.Path)!;
        foreach (string source in Directory.GetFiles(Path.Combine(here, "model")).Concat(Directory.GetFiles(Path.Combine(here, file.Config.GetProperty("shared").GetString()!), "*.pth")))
        {
            File.Copy(source, Path.Combine(folder, Path.GetFileName(source)));
        }

        return folder;
    }

    private static string PromptOf(GoldenFile file, string ids, string folder)
    {
        const int Vocabulary = 40;
        return MiniModel.PromptFor(folder, Vocabulary, file.Longs(ids));
    }

    private static string WritePicture(GoldenFile file, string folder)
    {
        string path = Path.Combine(folder, "picture.png");
        int[] extents = file.ShapeOf("in.picture");
        PngWriter.Write(path, extents[1], extents[0], file.Bytes("in.picture"));
        return path;
    }
}
