using System.Text.Json;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Simulation;
using Xunit;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>Plans of memory, held against what the pool of a device counts that runs everything but the kernels.</summary>
public sealed class MemoryPlanTests(MemoryPlanTests.MiniFolder folder) : IClassFixture<MemoryPlanTests.MiniFolder>
{
    private const double Margin = 1.3;

    /// <summary>Runs whose largest owners differ.</summary>
    public static IReadOnlyDictionary<string, GenerateOptions> Runs { get; } = new Dictionary<string, GenerateOptions>
    {
        ["f32"] = new() { LatentFrames = 15 },
        ["bf16"] = new() { Type = DType.BF16, LatentFrames = 15, Height = 128, Width = 192 },
        ["one block"] = new() { Type = DType.BF16, LatentFrames = 3, Height = 160, Width = 96 },
        ["float sink"] = new() { Type = DType.BF16, LatentFrames = 15, SinkPrecision = SinkPrecision.Fp32 },
        ["saving memory"] = new() { Type = DType.BF16, LatentFrames = 12, SavesMemory = true, Height = 128, Width = 192 },
        ["saving memory in float"] = new() { LatentFrames = 3, SavesMemory = true },
        ["three samples"] = new() { LatentFrames = 12, Samples = 3, UsesTorchRandom = true },
        ["preview"] = new() { Type = DType.BF16, LatentFrames = 6, UsesPreviewDecoder = true, Height = 128, Width = 128 },
        ["preview saving memory"] = new() { LatentFrames = 12, UsesPreviewDecoder = true, SavesMemory = true },
        ["whole video"] = new() { Type = DType.BF16, LatentFrames = 9, Sampler = "unipc", Steps = 3, Height = 128, Width = 192 },
        ["whole video, large"] = new() { LatentFrames = 15, Sampler = "dpm++", Steps = 3, UsesPreviewDecoder = true },
        ["longlive"] = new() { Type = DType.BF16, LatentFrames = 18, CachePolicy = "longlive" },
        ["infinite-forcing"] = new() { Type = DType.BF16, LatentFrames = 15, CachePolicy = "infinite-forcing" },
        ["no window"] = new() { LatentFrames = 21, CachePolicy = "causvid", Height = 64, Width = 64 },
    };

    public static TheoryData<string> Names => [.. Runs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task RunAsync_AnyRun_TakesWhatWasPlanned(string name)
    {
        using SimulatedDriver driver = NewDriver();
        RunReport report = await Run(Runs[name], driver);
        MemoryPlan plan = report.Memory!;
        long peak = report.Videos.Max(static video => video.Timing.PeakDeviceBytes), planned = plan.Phases.Skip(1).Max(static phase => phase.Bytes);
        Console.WriteLine($"{name}: {planned / (double)peak:0.000} text {plan.Phases[0].Bytes / (double)report.TextPeakDeviceBytes:0.000} peak {peak} " + string.Join("; ", plan.Phases.Skip(1).SelectMany(static phase => phase.Owners).Select(static owner => $"{owner.Name} {owner.Bytes}")));
        Assert.InRange(planned, peak, Margin * peak);
        Assert.InRange(plan.Phases[0].Bytes, report.TextPeakDeviceBytes, Margin * report.TextPeakDeviceBytes);
        Assert.Empty(driver.Leaks);
    }

    private static SimulatedDriver NewDriver(ulong? memory = null)
    {
        Assert.True(SimulatedDevices.AreAvailable, "NVRTC is missing; build.sh brings it.");
        return new SimulatedDriver(new SimulatedDriverOptions { SkipsKernels = true, MemoryBytes = memory });
    }

    private async Task<RunReport> Run(GenerateOptions options, CudaDriver driver)
    {
        GenerateOptions complete = options with
        {
            ModelFolder = folder.Path,
            CheckpointPath = options.CheckpointPath ?? System.IO.Path.Combine(folder.Path, "diffusion_pytorch_model.safetensors"),
            Prompt = string.Concat(Enumerable.Repeat("a cat on a mat, ", 200)),
            Height = options.Height ?? 64,
            Width = options.Width ?? 96,
            Format = VideoFormat.Png,
            Device = "cuda",
            OutputFolder = Directory.CreateDirectory(System.IO.Path.Combine(folder.Path, Guid.NewGuid().ToString("N"))).FullName,
        };
        return await new VideoRun(complete, null, _ => SimulatedDevices.On(driver, checkMemory: false)).RunAsync();
    }

    /// <summary>A folder with networks of the published proportions, small and random.</summary>
    public sealed class MiniFolder : IDisposable
    {
        public MiniFolder() => Assert.Equal(
            0, Command.RunProgram("MakeCheckpoint", new Dictionary<string, string>(), "--size", "mini", "--dtype", "f32", "--parts", "dit,vae,t5,tokenizer,taehv", "--output", Path).ExitCode);

        public string Path { get; } = Directory.CreateTempSubdirectory("rf-memory-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
