using System.Security.Cryptography;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Testing;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class RunConfigTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("rf-config-").FullName, "run.yaml");

    [Fact]
    public void Read_NoFile_IsThePublishedRun()
    {
        RunConfig config = RunConfig.Read(null);

        Assert.Equal([1000, 750, 500, 250], config.DenoisingSteps);
        Assert.Equal((true, 5f, 5f, 3f), (config.WarpsSteps, config.FewStepShift, config.ManyStepShift, config.Guidance));
        Assert.Equal((3, false, 0f, true), (config.FramesPerBlock, config.IndependentFirstFrame, config.ContextTimestep, config.IsCausal));
        Assert.Equal((9, 3, 480, 832), (config.WindowFrames, config.SinkFrames, config.Height, config.Width));
        Assert.Equal("checkpoints", config.ModelRoot);
        Assert.Equal("ce96e0324e4b54ce4b6e867f669ca520952e1a34cc116543516b1897f0d3c47e", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(config.NegativePrompt!))));
        Assert.Null(config.Warning);
    }

    [Fact]
    public void Read_RunFile_LiesOverTheDefaults()
    {
        RunConfig config = Read("height: 240\nmodel_kwargs: {sink_size: 1}\nnum_frame_per_block: 1\nlr: 1e-5\n");

        Assert.Equal((240, 832), (config.Height, config.Width));
        Assert.Null(config.DenoisingSteps);
        Assert.Equal((-1, 1, 8f, 8f), (config.WindowFrames, config.SinkFrames, config.FewStepShift, config.ManyStepShift));
        Assert.Equal((1, false, null), (config.FramesPerBlock, config.WarpsSteps, config.NegativePrompt));
        Assert.Null(config.Warning);
    }

    [Theory]
    [InlineData("reward_forcing", null, new[] { 1000, 750, 500, 250 }, true, 5f, 9, 3)]
    [InlineData("self_forcing", "self-forcing", new[] { 1000, 750, 500, 250 }, true, 5f, -1, 0)]
    [InlineData("longlive", "longlive", new[] { 1000, 750, 500, 250 }, true, 5f, 12, 3)]
    [InlineData("causvid", "causvid", new[] { 1000, 757, 522, 0 }, false, 8f, -1, 0)]
    public void Read_ShippedFile_IsThatModelsRun(string name, string? policy, int[] steps, bool warps, float shift, int window, int sink)
    {
        RunConfig config = RunConfig.Read(Path.Combine(Fixtures.Root, "..", "..", "configs", $"{name}.yaml"));

        Assert.Equal(steps, config.DenoisingSteps);
        Assert.Equal((policy, warps, shift, shift), (config.CachePolicy, config.WarpsSteps, config.FewStepShift, config.ManyStepShift));
        Assert.Equal((window, sink, 3, true), (config.WindowFrames, config.SinkFrames, config.FramesPerBlock, config.IsCausal));
        Assert.Null(config.Warning);
    }

    [Fact]
    public void Read_ExplicitNull_HidesTheDefault() => Assert.Equal(480, Read("height: null\nwidth: 64\n").Height);

    [Fact]
    public void Read_UnknownKeys_AreNamedInOneWarning()
    {
        RunConfig config = Read("heigth: 480\nwidth: 64\nmodel_kwargs:\n  sink_sise: 3\nanother: {a: 1}\n");

        Assert.Equal($"{_file}: nothing reads the keys heigth, model_kwargs.sink_sise, another; check the spelling.", config.Warning);
        Assert.Equal((480, 64), (config.Height, config.Width));
    }

    [Theory]
    [InlineData("height: 480.0", "height must be a whole number from 16 to 16384, got 480.0")]
    [InlineData("height: tall", "height must be a whole number from 16 to 16384, got \"tall\"")]
    [InlineData("height: 0", "got 0")]
    [InlineData("height: 99999999999", "got 99999999999")]
    [InlineData("denoising_step_list: 1000", "denoising_step_list must be a list, got 1000")]
    [InlineData("denoising_step_list: []", "denoising_step_list is empty")]
    [InlineData("denoising_step_list: [1000, -250]", "denoising_step_list[1] must be a whole number from 0 to 1000, got -250")]
    [InlineData("warp_denoising_step: 1", "warp_denoising_step must be true or false, got 1")]
    [InlineData("model_kwargs: 9", "model_kwargs must be an object, got 9")]
    [InlineData("model_kwargs: {local_attn_size: 0}", "model_kwargs.local_attn_size must be -1 or a whole number from 1 on, got 0")]
    [InlineData("model_kwargs: {timestep_shift: .nan}", "model_kwargs.timestep_shift must be a finite number")]
    [InlineData("guidance_scale: [3]", "guidance_scale must be a finite number, got a list")]
    [InlineData("context_noise: 1001", "context_noise must be a number from 0 to 1000, got 1001")]
    [InlineData("negative_prompt: 3", "negative_prompt must be a text, got 3")]
    [InlineData("cache_policy: mine", "cache_policy must be one of reward-forcing, self-forcing, longlive, longlive-infinity, infinite-forcing, causvid, got \"mine\"")]
    [InlineData("cache_policy: 3", "cache_policy must be a text, got 3")]
    [InlineData("num_frame_per_block: 0", "num_frame_per_block must be a whole number from 1")]
    public void Read_WrongValue_NamesFileKeyExpectedAndFound(string yaml, string sentence)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => Read(yaml));
        Assert.StartsWith($"{_file}: ", error.Message);
        Assert.Contains(sentence, error.Message);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    private RunConfig Read(string yaml)
    {
        File.WriteAllText(_file, yaml);
        return RunConfig.Read(_file);
    }
}
