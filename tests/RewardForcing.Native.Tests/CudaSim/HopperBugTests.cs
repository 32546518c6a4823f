using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Kernels of sm_90a with one line wrong: each is found, at the right line.</summary>
public sealed class HopperBugTests
{
    private const string File = "hopper.cu";

    /// <summary>A line of the product, what it becomes, what is found, and at which line.</summary>
    public static TheoryData<string, string, string, string> Bugs => new()
    {
        { "wait(full + stage, s / STAGES % 2); // full", "", "PendingCopy", "// multiply" },
        { "wait(empty + stage, s / STAGES % 2 ^ 1); // empty", "", "Barrier", "// bytes" },
        { "s / STAGES % 2); // full", "s / STAGES % 2 ^ 1); // full", "PendingCopy", "// multiply" },
        { "2 * TILE); // bytes", "2 * TILE + 16); // bytes", "Deadlock", "// full" },
        { "wait_products(); // products done", "", "SharedRace", "// load a" },
        { "wait_products(); // products done", "", "WarpgroupProduct", "// use sums" },
        { "describe(right + i * 32)); // multiply", "describe(right + i * 32, 512)); // multiply", "WarpgroupProduct", "// multiply" },
        { "begin_products(); // products begin", "", "WarpgroupProduct", "// multiply" },
        { "publish(); // barriers", "", "ProxyFence", "// load a" },
        { "__syncthreads(); // barriers are there", "", "SharedRace|Barrier", "// full|// empty" },
        { "arrive(empty + stage); // release", "arrive(full + stage);", "Deadlock", "// full|// empty" },
        { "arrive(empty + stage); // release", "", "Deadlock", "// full|// empty" },
        { "s * 64, row); // load a", "s * 64, row); load_box(tiles + stage * 2 * TILE + 64, &a, full + stage, 0, 0);", "Misaligned", "// load a" },
    };

    [NvrtcTheory]
    [MemberData(nameof(Bugs))]
    public void Product_WithALineWrong_IsFound(string line, string becomes, string kind, string place)
    {
        foreach (string mode in new[] { "checked", "checked shuffled" })
        {
            (int m, int n, int k) = (64, 64, 512);
            using SimulatedRun run = Run(mode, (line, becomes));
            byte[] a = HopperTests.Map(run.Upload("a", new ushort[m * k]), k, m, 64, 64), b = HopperTests.Map(run.Upload("b", new ushort[n * k]), k, n, 64, 64);
            AssertFound(run.Find("product", 1, 160, 3 * 16384, run.Allocate<float>("c", m * n), a, b, m, n, k), kind, place);
        }
    }

    [NvrtcFact]
    public void Product_WithTooLargeAStride_GivesWrongNumbers()
    {
        // The one bug that no rule forbids: the memory it reads is there, and is another matrix.
        (int m, int n, int k) = (64, 64, 64);
        using SimulatedRun run = Run("fast", ("describe(left + i * 32), describe(right + i * 32)); // multiply", "describe(left + i * 32, 2048), describe(right + i * 32)); // multiply"));
        ushort[] ones = HopperTests.Bits([.. Enumerable.Range(0, 4096).Select(i => (float)(i / 64))]);
        byte[] a = HopperTests.Map(run.Upload("a", ones), k, m, 64, 64), b = HopperTests.Map(run.Upload("b", ones), k, n, 64, 64);
        ulong c = run.Allocate<float>("c", m * n);
        run.Launch("product", 1, 160, 3 * 16384, c, a, b, m, n, k);
        Assert.Equal(64 * 8 * 8, run.Memory.Read<float>(c, m * n)[(8 * 64) + 8] / 2);
    }

    [NvrtcFact]
    public void Product_OfThreeWarps_IsFound()
    {
        using SimulatedRun run = Run("checked");
        IReadOnlyList<Finding> found = run.Find("product_of_threads", 1, 96, 0, run.Allocate<float>("c", 4096), run.Upload("a", new ushort[4096]), run.Upload("b", new ushort[4096]));
        AssertFound(found, "WarpgroupProduct", "begin_products() { asm");
    }

    [NvrtcFact]
    public void Product_OfWhatIsNoTensorMap_IsFound()
    {
        using SimulatedRun run = Run("fast");
        byte[] map = HopperTests.Map(run.Upload("a", new ushort[4096]), 64, 64, 64, 64), changed = [.. map];
        changed[40]++;
        AssertFound(run.Find("product", 1, 160, 3 * 16384, run.Allocate<float>("c", 4096), map, changed, 64, 64, 64), "TensorMap", "// load b");
        ulong a = run.Upload("a", new ushort[4096]);
        byte[] late = HopperTests.Map(a + 128, 64, 64, 64, 64);
        AssertFound(run.Find("product", 1, 160, 3 * 16384, run.Allocate<float>("c", 4096), map, late, 64, 64, 64), "OutOfBounds", "// load b");
    }

    [NvrtcTheory]
    [InlineData("fence_async(); // for the tensor cores", "ProxyFence", "// of threads")]
    [InlineData("__syncthreads(); // all there", "SharedRace", "// of threads|// by threads")]
    public void ProductOfThreads_WithoutALine_IsFound(string line, string kind, string place)
    {
        using SimulatedRun run = Run("checked", (line, ""));
        AssertFound(
            run.Find("product_of_threads", 1, 128, 0, run.Allocate<float>("c", 4096), run.Upload("a", new ushort[4096]), run.Upload("b", new ushort[4096])), kind, place);
    }

    [NvrtcTheory]
    [InlineData("fence_async(); // for the copy", "ProxyFence", "asm volatile(\"cp.async.bulk.tensor.2d.global.shared::cta.bulk_group")]
    [InlineData("__syncthreads(); // doubled", "SharedRace", "asm volatile(\"cp.async.bulk.tensor.2d.global.shared::cta.bulk_group")]
    public void Twice_WithoutALine_IsFound(string line, string kind, string place)
    {
        using SimulatedRun run = Run("checked", (line, ""));
        AssertFound(Twice(run), kind, place);
    }

    [NvrtcFact]
    public void Twice_ThatDoesNotWaitForItsStore_IsFound()
    {
        using SimulatedRun run = Run("checked", ("asm volatile(\"cp.async.bulk.wait_group.read 0;\" ::: \"memory\"); // stored", ""));
        Finding found = Assert.Single(Twice(run));
        Assert.Equal(FindingKind.PendingCopy, found.Kind);
        Assert.Contains($"comes to its end while a copy reads its shared memory, started at hopper.cu:{SimulatorKernels.Line(File, "asm volatile(\"cp.async.bulk.tensor.2d.global.shared::cta.bulk_group")}", found.Message);
    }

    [NvrtcTheory]
    [InlineData("cluster_barrier(); // written", "Uninitialised", "// of another")]
    [InlineData("cluster_barrier(); // read by all", "UseAfterFree", "// of another")]
    public void ClusterSum_WithoutABarrier_IsFound(string line, string kind, string place)
    {
        using SimulatedRun run = Run("checked", (line, ""));
        AssertFound(run.Find("cluster_sum", 4, 64, 0, run.Allocate<float>("y", 256), run.Upload("x", new float[256])), kind, place);
    }

    private static SimulatedRun Run(string mode, params (string, string)[] edits) => new(SimulatorKernels.Ptx(File, "sm_90a", edits), SimulatedRun.Options(mode));

    private static IReadOnlyList<Finding> Twice(SimulatedRun run)
    {
        byte[] y = HopperTests.Map(run.Upload("y", new float[512]), 32, 16, 32, 16, TensorMapElement.Float32, TensorMapSwizzle.None);
        return run.Find("twice", 1, 64, 0, y, HopperTests.Map(run.Upload("x", new float[512]), 32, 16, 32, 16, TensorMapElement.Float32, TensorMapSwizzle.None));
    }

    private static void AssertFound(IReadOnlyList<Finding> found, string kinds, string place)
    {
        FindingKind[] kind = [.. kinds.Split('|').Select(Enum.Parse<FindingKind>)];
        Assert.True(found.Any(finding => kind.Contains(finding.Kind)), string.Join('\n', found));
        Finding first = found.First(finding => kind.Contains(finding.Kind));
        int[] lines = [.. place.Split('|').Select(text => SimulatorKernels.Line(File, text))];
        Assert.True(first.Source!.Chain.Any(at => at.File == File && lines.Contains(at.Line)), $"not line {string.Join(" or ", lines)}: {first.Message}");
    }
}
