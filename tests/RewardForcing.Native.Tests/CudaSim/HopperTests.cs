using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Instructions of sm_90a in kernels as NVRTC compiles them: in every mode, and without a finding.</summary>
public sealed class HopperTests
{
    private readonly Random _random = new(3);

    public static TheoryData<string> Modes => KernelTests.Modes;

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Product_RaggedRows_IsTheProduct(string mode)
    {
        (int m, int n, int k) = (100, 130, 328);
        using SimulatedRun run = Hopper(mode);
        float[] a = Rounded(m * k), b = Rounded(n * k);
        ulong c = run.Allocate<float>("c", m * n);
        byte[] left = Map(run.Upload("a", Bits(a)), k, m, 64, 64), right = Map(run.Upload("b", Bits(b)), k, n, 64, 64);
        LaunchReport report = run.Launch("product", new CudaExtent(3, 2), 160, 3 * 16384, c, left, right, m, n, k);
        Assert.Empty(report.Findings);
        float[] got = run.Memory.Read<float>(c, m * n);
        for (int i = 0; i < m * n; i++)
        {
            Assert.Equal(Enumerable.Range(0, k).Sum(j => (double)a[(i / n * k) + j] * b[(i % n * k) + j]), got[i], 1e-3);
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void ProductOfThreads_WithProxyFence_IsTheProduct(string mode)
    {
        using SimulatedRun run = Hopper(mode);
        float[] a = Rounded(4096), b = Rounded(4096);
        ulong c = run.Allocate<float>("c", 4096);
        Assert.Empty(run.Launch("product_of_threads", 1, 128, 0, c, run.Upload("a", Bits(a)), run.Upload("b", Bits(b))).Findings);
        float[] got = run.Memory.Read<float>(c, 4096);
        for (int i = 0; i < 4096; i++)
        {
            Assert.Equal(Enumerable.Range(0, 64).Sum(j => (double)a[(i / 64 * 64) + j] * b[(i % 64 * 64) + j]), got[i], 1e-3);
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Twice_BoxesOverTheEdge_AreClipped(string mode)
    {
        (int width, int height) = (44, 21);
        using SimulatedRun run = Hopper(mode);
        float[] x = Values(width * height);
        ulong y = run.Upload("y", new float[width * height]);
        byte[] target = Map(y, width, height, 32, 16, TensorMapElement.Float32, TensorMapSwizzle.None);
        byte[] source = Map(run.Upload("x", x), width, height, 32, 16, TensorMapElement.Float32, TensorMapSwizzle.None);
        Assert.Empty(run.Launch("twice", new CudaExtent(2, 2), 64, 0, target, source).Findings);
        Assert.Equal(x.Select(value => 2 * value), run.Memory.Read<float>(y, x.Length));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void AddBoxes_FourDimensions_AddsWhatIsInside(string mode)
    {
        using SimulatedRun run = Hopper(mode);
        float[] x = Values(8 * 2 * 4 * 3), y = Values(x.Length), line = Values(16);
        ulong at = run.Upload("y", y), lineAt = run.Upload("line", line);
        byte[] target = Map4(at), source = Map4(run.Upload("x", x));
        Assert.Empty(run.Launch("add_boxes", 1, 32, 0, target, source, lineAt).Findings);
        float[] got = run.Memory.Read<float>(at, y.Length), gotLine = run.Memory.Read<float>(lineAt, 16);
        var box = new float[48];
        for (int i = 0; i < 48; i++)
        {
            (int c0, int c1, int c2, int c3) = ((i % 4) - 1, i / 4 % 2, i / 8 % 3, (i / 24) + 1);
            if (c0 >= 0)
            {
                int index = c0 + (8 * (c1 + (2 * (c2 + (4 * c3)))));
                box[i] = x[index];
                y[index] += x[index];
            }
        }

        Assert.Equal(y, got);
        Assert.Equal(line.Select((value, i) => value + box[i]), gotLine);
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void ClusterSum_ReadsTheOtherBlocks(string mode)
    {
        using SimulatedRun run = Hopper(mode);
        float[] x = [.. Values(8 * 64).Select(value => MathF.Round(8 * value))];
        ulong y = run.Allocate<float>("y", x.Length);
        Assert.Empty(run.Launch("cluster_sum", 8, 64, 0, y, run.Upload("x", x)).Findings);
        Assert.Equal(Enumerable.Range(0, x.Length).Select(i => Enumerable.Range(0, 4).Sum(c => x[(i / 256 * 256) + (c * 64) + (i % 64)])), run.Memory.Read<float>(y, x.Length));
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Spread_Multicast_ReachesBothBlocks(string mode)
    {
        using SimulatedRun run = Hopper(mode);
        float[] x = Values(32 * 8);
        ulong y = run.Allocate<float>("y", 4 * 128);
        Assert.Empty(run.Launch("spread", 4, 32, 0, y, Map(run.Upload("x", x), 32, 8, 32, 4, TensorMapElement.Float32, TensorMapSwizzle.None)).Findings);
        Assert.Equal(Enumerable.Range(0, 512).Select(i => x[(i / 256 * 128) + (i % 128)]), run.Memory.Read<float>(y, 512));
    }

    internal static byte[] Map(
        ulong address, int columns, int rows, int boxColumns, int boxRows, TensorMapElement element = TensorMapElement.BFloat16, TensorMapSwizzle swizzle = TensorMapSwizzle.Bytes128)
    {
        ulong bytes = element == TensorMapElement.Float32 ? 4ul : 2;
        return Encode(new TensorMapLayout
        {
            Element = element,
            Address = address,
            Extents = [(ulong)columns, (ulong)rows],
            ByteStrides = [(ulong)columns * bytes],
            Box = [(uint)boxColumns, (uint)boxRows],
            Swizzle = swizzle,
        });
    }

    internal static ushort[] Bits(float[] values) => [.. values.Select(value => ((BFloat16)value).Bits)];

    private static byte[] Map4(ulong address) => Encode(new TensorMapLayout
    {
        Element = TensorMapElement.Float32,
        Address = address,
        Extents = [8, 2, 4, 3],
        ByteStrides = [32, 64, 256],
        Box = [4, 2, 3, 2],
    });

    private static byte[] Encode(in TensorMapLayout layout)
    {
        using var driver = new SimulatedDriver();
        var map = new byte[128];
        Assert.True(driver.EncodeTensorMap(layout, map) == CuResult.Success, driver.LastDetail);
        return map;
    }

    private static SimulatedRun Hopper(string mode) => new(SimulatorKernels.Ptx("hopper.cu", "sm_90a"), SimulatedRun.Options(mode));

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((2 * _random.NextDouble()) - 1))];

    private float[] Rounded(int count) => [.. Values(count).Select(value => (float)(BFloat16)value)];
}
