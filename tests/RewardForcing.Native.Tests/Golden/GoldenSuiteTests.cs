using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using RewardForcing.Native.Testing.Simulation;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Golden;

public sealed class GoldenSuiteTests
{
    public static TheoryData<string> Cases
    {
        get
        {
            TheoryData<string> cases = [];
            foreach (string path in GoldenSuite.Find(Fixtures.Path("golden")))
            {
                cases.Add(Path.GetRelativePath(Fixtures.Root, path).Replace('\\', '/'));
            }

            return cases;
        }
    }

    // Videos are read through ffmpeg; `build.sh test` says when there is none.
    public static TheoryData<string> FileCases =>
    [
        "philox.json", "prompts_odd.expected.json", "spm_bytefallback/cases.json", "spm_nobytes/cases.json", "text_cleaning.json",
        "video/frame_000.png", "video/frame_001.png", "video/frame_006.png", "video/frame_011.png", "video/frame16bit.png", "video/gray.png",
        .. FfmpegFinder.Find(null) is null ? Array.Empty<string>() : ["video/h264_baseline_crf23.mp4", "video/h264_bt709.mp4", "video/mjpeg.avi"],
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void RunFile_EveryFixture_AgreesWithItsReference(string path)
    {
        using CpuDevice device = new(1, checkMemory: true);
        GoldenResult result = GoldenSuite.RunFile(Fixtures.Path(path), device);
        Assert.True(result.IsSupported, $"{result.Case} is of no supported kind");
        Assert.True(result.Passed, $"{result.Case}: {result.Failure} {result.Worst}");
        Assert.Equal(0, device.LiveBytes);
    }

    [Theory]
    [MemberData(nameof(FileCases))]
    public void RunFile_NoTensorFile_AgreesWithItsReference(string path)
    {
        GoldenResult result = GoldenSuite.RunFile(Fixtures.Path("golden/formats/" + path));
        Assert.True(result.Passed, $"{result.Case}: {result.Failure} {result.Worst}");
        Assert.Contains(Fixtures.Path("golden/formats/" + path), GoldenSuite.FindFiles(Fixtures.Path("golden")));
    }

    [Fact]
    public void RunFile_AnotherFrameOrKind_DoesNotPass()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (string file in new[] { "expected.json", "source_frames.safetensors" })
            {
                File.Copy(Fixtures.Path("golden/formats/video/" + file), Path.Combine(folder, file));
            }

            File.Copy(Fixtures.Path("golden/formats/video/frame_001.png"), Path.Combine(folder, "frame_000.png"));
            File.WriteAllText(Path.Combine(folder, "unknown.json"), "[]");
            File.WriteAllText(Path.Combine(folder, "unknown.png"), "not described");
            using CpuDevice device = new(1);
            GoldenResult[] results = [.. GoldenSuite.Run(folder, device)];
            Assert.Equal([("frame_000.png", true), ("unknown.json", false), ("unknown.png", false)], results.Select(result => (result.Case, result.IsSupported)));
            Assert.False(results[0].Passed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Tolerance_IndexNamesTheValue_TakesItsNumber()
    {
        using GoldenFile file = new(Fixtures.Path("golden/models/d-flowmatch-tables.safetensors"));
        Assert.Equal(5e-7, file.Tolerance("sigmas_timesteps"));
        Assert.Equal(1e-5, file.Tolerance("weights"));
        Assert.Equal(0.5, file.Tolerance("something else", 0.5));
    }

    [Fact]
    public void Compare_WrongValues_DoesNotPass()
    {
        using GoldenFile file = new(Fixtures.Path("golden/models/d-unipc-20-shift3.safetensors"));
        float[] sigmas = file.Floats("out.sigmas");
        Assert.True(file.Compare("out.sigmas", sigmas).Passed);
        sigmas[3] *= 1.001f;
        Assert.False(file.Compare("out.sigmas", sigmas).Passed);
        Assert.False(file.Compare("out.sigmas", sigmas.AsSpan(1)).Passed);
        sigmas[3] = float.NaN;
        Assert.False(file.Compare("out.sigmas", sigmas).Passed);
        Assert.False(file.CompareExactly("out.timesteps", new long[20]).Passed);
    }

    /// <summary>Runs a case on the simulated device, which has to be empty afterwards.</summary>
    internal static GoldenResult RunOnSimulatedCuda(Func<Device, GoldenResult> run)
    {
        using SimulatedDriver driver = new();
        GoldenResult result;
        using (CudaDevice device = SimulatedDevices.On(driver, ProductChoice.Library))
        {
            result = run(device);
            Assert.Equal(0, device.LiveBytes);
        }

        Assert.Empty(driver.Leaks);
        return result;
    }
}
