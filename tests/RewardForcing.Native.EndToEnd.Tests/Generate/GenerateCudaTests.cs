using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Testing.Simulation;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Whole runs, prompt to frames, on the simulated CUDA device.</summary>
public sealed class GenerateCudaTests(MiniModel model) : IClassFixture<MiniModel>
{
    private const double Ulp = 1.0 / 256;

    [Fact]
    public async Task RunAsync_F32OnSimulatedCuda_GivesTheCpusVideo()
    {
        Made expected = await Run(DType.F32, null);
        using SimulatedDriver driver = NewDriver();
        Made made = await Run(DType.F32, driver);
        Assert.InRange(GoldenFile.Distance(expected.Latents, made.Latents), 0, 4e-6);
        Assert.All(made.Frames.Zip(expected.Frames), static pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1));
        Assert.Empty(driver.Leaks);
    }

    // The budget of an op, of a whole run: twice the error the processor makes with the same type, and a rounding of the result.
    [Fact]
    public async Task RunAsync_Bf16OnSimulatedCuda_IsAsNearToFloatAsTheCpuIs()
    {
        Made exact = await Run(DType.F32, null), expected = await Run(DType.BF16, null);
        using SimulatedDriver driver = NewDriver();
        Made made = await Run(DType.BF16, driver);
        double budget = (2 * GoldenFile.Distance(exact.Latents, expected.Latents)) + Ulp;
        Assert.InRange(GoldenFile.Distance(exact.Latents, made.Latents), Ulp / 100, budget);
        Assert.InRange(Grey(exact, made), 0, (2 * Grey(exact, expected)) + 0.5);
        Assert.Empty(driver.Leaks);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public async Task RunAsync_SavingMemory_GivesTheSameBitsInLess(DType type)
    {
        using SimulatedDriver driver = NewDriver();
        Made whole = await Run(type, driver), saving = await Run(type, driver, savesMemory: true);
        Assert.Equal(whole.Latents, saving.Latents);
        Assert.Equal(whole.Frames, saving.Frames);
        Assert.True(saving.Timing.PeakDeviceBytes < whole.Timing.PeakDeviceBytes);
        Assert.Empty(driver.Leaks);
    }

    private static SimulatedDriver NewDriver()
    {
        Assert.True(SimulatedDevices.AreAvailable, "NVRTC is missing; build.sh brings it.");
        return new SimulatedDriver();
    }

    private static double Grey(Made a, Made b) => a.Frames.Zip(b.Frames).Average(static pair => Math.Abs(pair.First - pair.Second));

    // Five blocks through a window of three: the sink is averaged, and steps are recorded and replayed.
    private async Task<Made> Run(DType type, CudaDriver? driver, bool savesMemory = false)
    {
        string output = model.NewFolder(), latents = Path.Combine(output, "latents.safetensors"), config = Path.Combine(output, "run.yaml");
        await File.WriteAllTextAsync(config, "denoising_step_list: [1000, 500]\nnum_frame_per_block: 1\nmodel_kwargs:\n  local_attn_size: 3\n  sink_size: 1\n");
        GenerateOptions options = new()
        {
            ModelFolder = model.Folder,
            ConfigPath = config,
            CheckpointPath = Path.Combine(model.Folder, "diffusion_pytorch_model.safetensors"),
            Prompt = "a cat",
            Height = 16,
            Width = 32,
            LatentFrames = 5,
            Format = VideoFormat.Png,
            Naming = NamingRule.Index,
            Type = type,
            OutputFolder = output,
            LatentFile = latents,
            Device = driver is null ? "cpu" : "cuda",
            SavesMemory = savesMemory,
        };
        VideoRun run = new(options, null, _ => driver is null ? new CpuDevice() : SimulatedDevices.On(driver, ProductChoice.Library, checkMemory: false));
        RunReport report = await run.RunAsync();
        return new Made(LatentFile.Read(latents).Values.ToArray(), MiniModel.Frames(Path.Combine(output, "0-0")), report.Videos[0].Timing);
    }

    private sealed record Made(float[] Latents, byte[] Frames, GenerationReport Timing);
}
