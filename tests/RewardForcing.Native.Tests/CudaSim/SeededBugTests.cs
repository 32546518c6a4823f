using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>One line of a correct kernel is changed, and the checks name the mistake and the line where it shows. The kernels as they are show nothing.</summary>
public class SeededBugTests
{
    [NvrtcTheory]
    [InlineData("__syncthreads(); // tiles may be refilled", "", FindingKind.PendingCopy, "// keys", "// values", "// wait")]
    [InlineData("__syncthreads(); // tiles have landed", "", FindingKind.Uninitialised, "load_matrices(a[i]")]
    [InlineData("wait_all_but<1>(); // wait", "wait_all_but<2>();", FindingKind.PendingCopy, "load_matrices(a[i]")]
    [InlineData("first + row < rows; // bound", "first + row <= rows;", FindingKind.OutOfBounds, "copy_async(chunk_address<D>(to, row, chunk)")]
    public void Attention(string from, string to, FindingKind kind, params string[] places)
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("attention.cu", edits: (from, to)));
        AssertFound(LaunchAttention(run, out _), kind, "attention.cu", places);
    }

    [NvrtcFact]
    public void Attention_WithoutSwizzle_NeedsManyPassesThroughTheBanks()
    {
        string header = File.ReadAllText(Path.Combine(SimulatorKernels.Folder, "cuda", "device.cuh"));
        string plain = header.Replace("((chunk ^ (row & 7)) << 4)", "(chunk << 4)");
        Assert.NotEqual(header, plain);
        using var good = new SimulatedRun(SimulatorKernels.Ptx("attention.cu"));
        Assert.Empty(LaunchAttention(good, out LaunchReport? report));
        Assert.Equal(1, report!.WavefrontsPerPhase, 1e-9);
        using var bad = new SimulatedRun(SimulatorKernels.Ptx("attention.cu", edits: ("#include \"device.cuh\"", plain)));
        Assert.Empty(LaunchAttention(bad, out report));
        Assert.InRange(report!.WavefrontsPerPhase, 4, 8);
    }

    [NvrtcTheory]
    [InlineData("__syncthreads(); // parts are written", "", 256, FindingKind.Uninitialised, "// gather")]
    [InlineData("threadIdx.x < blockDim.x / 32 ? parts[threadIdx.x] : 0.0f; // gather", "threadIdx.x < 8 ? parts[threadIdx.x] : 0.0f;", 192, FindingKind.Uninitialised, "// gather")]
    [InlineData("__syncthreads(); // total is written", "", 256, FindingKind.SharedRace, "// broadcast", "parts[0] = squares;")]
    [InlineData("__syncthreads(); // parts are written", "if (threadIdx.x % 32 < 7) __syncthreads();", 256, FindingKind.Divergence, "// parts are written", "// gather", "// total is written")]
    [InlineData("squares = warp_sum(squares);\n    if (threadIdx.x % 32 == 0)", "if (threadIdx.x & 1) squares = warp_sum(squares);\n    if (threadIdx.x % 32 == 0)", 256, FindingKind.Divergence, "v += __shfl_xor_sync")]
    [InlineData("*(const uint4*)(x + c); // load", "*(const uint4*)(x + c + 1);", 256, FindingKind.Misaligned, "// load")]
    public void RmsNorm(string from, string to, int threads, FindingKind kind, params string[] places)
    {
        const int Channels = 1536;
        using var run = new SimulatedRun(SimulatorKernels.Ptx("rows.cu", edits: (from, to)));
        IReadOnlyList<Finding> found = run.Find(
            "rms_norm", 2, threads, 0, run.Allocate<ushort>("y", 2 * Channels), run.Upload("x", new ushort[2 * Channels]), run.Upload("weight", new float[Channels]), Channels, 1e-6f);
        AssertFound(found, kind, places[0].StartsWith("v +=") ? "device.cuh" : "rows.cu", places);
    }

    [NvrtcTheory]
    [InlineData("bar.sync 1, 256;", "bar.sync 1, 288;", FindingKind.Barrier, "// wait", "// arrive")]
    [InlineData("asm volatile(\"bar.sync 1, 256;\" ::: \"memory\"); // wait", "", FindingKind.Uninitialised, "// read")]
    [InlineData("asm volatile(\"bar.arrive 1, 256;\" ::: \"memory\"); // arrive", "", FindingKind.Deadlock, "// wait")]
    public void HandOver(string from, string to, FindingKind kind, params string[] places)
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: (from, to)), SimulatedRun.Options("checked shuffled", 3));
        AssertFound(run.Find("hand_over", 1, 256, 0, run.Allocate<float>("y", 128), run.Upload("x", new float[128])), kind, "control.cu", [.. places.Select(InHandOver)]);
    }

    [NvrtcFact]
    public void HandOver_BothCountsTooHigh_IsADeadlockThatNamesEveryWarp()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: [("bar.sync 1, 256;", "bar.sync 1, 288;"), ("bar.arrive 1, 256;", "bar.arrive 1, 288;")]));
        Finding found = run.Find("hand_over", 1, 256, 0, run.Allocate<float>("y", 128), run.Upload("x", new float[128]))[^1];
        AssertFound([found], FindingKind.Deadlock, "control.cu", [InHandOver("// wait")]);
        Assert.Contains("warp 7 at barrier 1, where 256 threads of 288 threads are", found.Message);
    }

    [NvrtcFact]
    public void Histogram_PartlyZeroed_IsAnUninitialisedRead()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: ("for (int i = threadIdx.x; i < 256; i += blockDim.x) // zero", "for (int i = threadIdx.x; i < 200; i += blockDim.x)")));
        uint[] x = [.. Enumerable.Range(0, 1000).Select(i => (uint)i * 7)];
        AssertFound(run.Find("histogram", 1, 256, 0, run.Upload("bins", new uint[256]), run.Upload("x", x), x.Length), FindingKind.Uninitialised, "control.cu", "// count");
    }

    [NvrtcTheory]
    [InlineData("checked")]
    [InlineData("checked shuffled")]
    public void Exchange_WithoutOneOfItsBarriers_IsARaceWhicheverWarpIsFirst(string mode)
    {
        foreach ((string from, string[] places) in new[] { ("__syncthreads(); // written\n", new[] { "// read", "// write" }), ("__syncthreads(); // read by all", ["// read", "// write"]) })
        {
            for (ulong seed = 1; seed < 4; seed++)
            {
                using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: (from, "\n")), SimulatedRun.Options(mode, seed));
                IReadOnlyList<Finding> found = run.Find("exchange", 1, 256, 0, run.Allocate<float>("y", 256), run.Upload("x", new float[256]));
                Assert.Contains(found, finding => finding.Kind is FindingKind.SharedRace or FindingKind.Uninitialised);
                int write = SimulatorKernels.Line("control.cu", "shared[t] = v; // write");
                Assert.All(found, finding => Assert.InRange(finding.Source!.Line, write, write + 3));
            }
        }
    }

    [NvrtcTheory]
    [InlineData("checked")]
    [InlineData("checked shuffled")]
    public void SumByLast_WithoutFence_IsARaceBetweenBlocks(string mode)
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: ("__threadfence(); // fence", "")), SimulatedRun.Options(mode));
        IReadOnlyList<Finding> found = run.Find(
            "sum_by_last", 5, 32, 0, run.Allocate<float>("parts", 5), run.Allocate<float>("total", 1), run.Upload("arrived", new uint[1]), run.Upload("x", new float[100]), 100);
        AssertFound(found, FindingKind.GlobalRace, "control.cu", "// collect");
    }

    [NvrtcFact]
    public void Overlap_BlocksOnTheSameWords_IsARaceBetweenBlocks()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu"));
        ulong y = run.Allocate<float>("y", 128);
        Assert.Empty(run.Find("overlap", 4, 32, 0, y, 32));
        Finding found = Assert.Single(run.Find("overlap", 4, 32, 0, y, 31));
        AssertFound([found], FindingKind.GlobalRace, "control.cu", "KERNEL void overlap");
        Assert.Contains("word 124 of 'y' is written, and block 0 of the same launch wrote it too", found.Message);
    }

    [NvrtcTheory]
    [InlineData("y[2 * t + blockIdx.x]", "y[2 * t + blockIdx.x / 2]", "halves of words", FindingKind.GlobalRace, "half-word ")]
    [InlineData("z[2 * t + blockIdx.x]", "z[2 * t + blockIdx.x / 2]", "bytes of words", FindingKind.GlobalRace, "byte ")]
    [InlineData("shared[2 * lane + warp]", "shared[2 * lane + warp / 2]", "halves of shared words", FindingKind.SharedRace, "shared half-word ")]
    public void Halves_OnTheSameHalf_AreARace(string from, string to, string place, FindingKind kind, string where)
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu", edits: (from, to)));
        IReadOnlyList<Finding> found = run.Find("halves", 2, 64, 0, run.Allocate<ushort>("y", 128), run.Allocate<byte>("z", 128));
        AssertFound(found, kind, "control.cu", "// " + place);
        Assert.Contains(found, finding => finding.Message.Contains(where));
    }

    [NvrtcFact]
    public void ReadOnly_MemoryThatIsWritten_IsFound()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu"));
        ulong y = run.Upload("y", new float[65]);
        Assert.Contains(run.Find("read_only", 1, 64, 0, y, y), finding => finding.Kind == FindingKind.ReadOnlyWritten);
        Assert.Empty(run.Find("read_only", 1, 64, 0, y, run.Upload("x", new float[65])));
    }

    [NvrtcFact]
    public void UninitialisedGlobal_IsFoundByByte()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu"));
        ulong x = run.Allocate<float>("x", 256);
        run.Memory.Write<byte>(x, new byte[1023]);
        Finding found = Assert.Single(run.Find("exchange", 1, 256, 0, run.Allocate<float>("y", 256), x));
        AssertFound([found], FindingKind.Uninitialised, "control.cu", "float v = x[t];");
        Assert.Contains("word 1020 of 'x'", found.Message);
    }

    [NvrtcFact]
    public void FreedMemory_IsFoundInFastModeToo()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu"), SimulatedRun.Options("fast"));
        ulong x = run.Upload("x", new float[256]);
        run.Memory.Free(x);
        Finding found = Assert.Single(run.Find("exchange", 1, 256, 0, run.Allocate<float>("y", 256), x));
        AssertFound([found], FindingKind.UseAfterFree, "control.cu", "float v = x[t];");
        Assert.Contains("'x' (1024 bytes), which was freed", found.Message);
    }

    [NvrtcFact]
    public void SpinForEver_IsEndedByTheWatchdog()
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("control.cu"), new SimulationOptions { WatchdogBlocks = 1 << 18 });
        AssertFound(run.Find("spin_for_ever", 1, 32, 0, run.Upload("flag", new uint[1])), FindingKind.Timeout, "control.cu", "while (*flag == 0)");
    }

    private static string InHandOver(string place) => place switch
    {
        "// wait" => "bar.sync 1, 256;",
        "// arrive" => "bar.arrive 1, 256;",
        _ => "shared[(t - 128) ^ 1]; // read",
    };

    private static IReadOnlyList<Finding> LaunchAttention(SimulatedRun run, out LaunchReport? report)
    {
        const int Rows = 128, Keys = 160, D = 128;
        ulong o = run.Allocate<ushort>("o", Rows * D), lse = run.Allocate<float>("lse", Rows);
        ulong q = run.Upload("q", new ushort[Rows * D]), k = run.Upload("k", new ushort[Keys * D]), v = run.Upload("v", new ushort[Keys * D]);
        try
        {
            report = run.Launch("attention", Rows / 64, 128, 81920, o, lse, q, k, v, Rows, Keys, 0.1f);
            return report.Findings;
        }
        catch (DeviceFault fault)
        {
            report = null;
            return [.. fault.Earlier, fault.Finding];
        }
    }

    // The first finding is of the kind, and one of the places is among its line and the calls that lead to it.
    private static void AssertFound(IReadOnlyList<Finding> found, FindingKind kind, string file, params string[] places)
    {
        Assert.NotEmpty(found);
        Assert.True(found.Any(finding => finding.Kind == kind), string.Join('\n', found));
        int[] lines = [.. places.Select(place => SimulatorKernels.Line(file, place))];
        Finding first = found.First(finding => finding.Kind == kind);
        Assert.True(first.Source!.Chain.Any(at => at.File == file && lines.Contains(at.Line)), first.Message);
    }
}
