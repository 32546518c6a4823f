using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>The kernels of <c>kernels/</c> for sm_90a against plain formulas in double: in every mode, and without a finding.</summary>
public sealed class HopperKernelTests
{
    private readonly Random _random = new(3);

    public static TheoryData<string> Modes => KernelTests.Modes;

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Attention_RaggedQueriesAndKeys_IsSoftmaxOfProducts(string mode)
    {
        (int heads, int lq, int lk) = (2, 200, 300);
        const int D = 128;
        const float Scale = 0.09f;
        using SimulatedRun run = Kernel("attention_sm90", mode, new() { ["RF_T"] = "bf16" });
        float[] q = Rounded(lq * heads * D), k = Rounded(lk * heads * D), v = Rounded(lk * heads * D);
        ulong y = run.Allocate<ushort>("y", q.Length), logs = run.Allocate<float>("log_sum", heads * lq);
        byte[] Map(string name, float[] x, int rows) => HopperTests.Map(run.Upload(name, HopperTests.Bits(x)), heads * D, rows, 64, 128);
        LaunchReport report = run.Launch(
            "attention_forward", new CudaExtent(2, heads), 384, 5 * 32768, y, logs, Map("q", q, lq), Map("k", k, lk), Map("v", v, lk), lq, lk, heads, Scale);
        Assert.Empty(report.Findings);
        float[] got = Floats(run.Memory.Read<ushort>(y, q.Length)), sums = run.Memory.Read<float>(logs, heads * lq);
        for (int n = 0; n < heads; n++)
        {
            for (int i = 0; i < lq; i += 3)
            {
                double[] p = [.. Enumerable.Range(0, lk).Select(j => Scale * Enumerable.Range(0, D).Sum(d => (double)q[(((i * heads) + n) * D) + d] * k[(((j * heads) + n) * D) + d]))];
                double top = p.Max(), sum = p.Sum(x => Math.Exp(x - top));
                Assert.Equal(top + Math.Log(sum), sums[(n * lq) + i], 1e-3);
                for (int d = 0; d < D; d += 5)
                {
                    double want = Enumerable.Range(0, lk).Sum(j => Math.Exp(p[j] - top) / sum * v[(((j * heads) + n) * D) + d]);
                    Assert.Equal(want, got[(((i * heads) + n) * D) + d], 5e-3);
                }
            }
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Linear_RaggedRowsAndColumns_IsTheProductWithBias(string mode)
    {
        (int rows, int outputs, int inputs) = (150, 200, 328);
        using SimulatedRun run = Kernel("linear_sm90", mode, new() { ["RF_T"] = "bf16", ["RF_B"] = "float", ["RF_ACTIVATION"] = "0", ["RF_TILE_N"] = "128", ["RF_STAGES"] = "4" });
        float[] x = Rounded(rows * inputs), weight = Rounded(outputs * inputs), bias = Rounded(outputs);
        ulong y = run.Allocate<ushort>("y", rows * outputs);
        byte[] left = HopperTests.Map(run.Upload("x", HopperTests.Bits(x)), inputs, rows, 64, 128), right = HopperTests.Map(run.Upload("weight", HopperTests.Bits(weight)), inputs, outputs, 64, 128);
        LaunchReport report = run.Launch("linear_forward", new CudaExtent(2, 2), 384, 4 * 256 * 128, y, left, right, run.Upload("bias", bias), (long)rows, outputs, inputs);
        Assert.Empty(report.Findings);
        AssertRows(Floats(run.Memory.Read<ushort>(y, rows * outputs)), outputs, (row, column) => Dot(x, row, weight, column, inputs) + bias[column]);
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void FusedMlp_WideTiles_AddsTheGatedProduct(string mode)
    {
        (int rows, int outputs, int inputs, int tokens) = (130, 264, 136, 65);
        using SimulatedRun run = Kernel("fused_mlp_sm90", mode, new() { ["RF_T"] = "bf16", ["RF_B"] = "bf16", ["RF_G"] = "bf16", ["RF_TILE_N"] = "256", ["RF_STAGES"] = "4" });
        float[] x = Rounded(rows * outputs), hidden = Rounded(rows * inputs), weight = Rounded(outputs * inputs), bias = Rounded(outputs), gate = Rounded(2 * outputs);
        ulong y = run.Allocate<ushort>("y", rows * outputs);
        byte[] left = HopperTests.Map(run.Upload("hidden", HopperTests.Bits(hidden)), inputs, rows, 64, 128);
        byte[] right = HopperTests.Map(run.Upload("weight", HopperTests.Bits(weight)), inputs, outputs, 64, 256);
        LaunchReport report = run.Launch(
            "fused_mlp_forward", new CudaExtent(2, 2), 384, 4 * 384 * 128, y, run.Upload("x", HopperTests.Bits(x)), left, right, run.Upload("bias", HopperTests.Bits(bias)),
            run.Upload("gate", HopperTests.Bits(gate)), (long)rows, outputs, inputs, tokens);
        Assert.Empty(report.Findings);
        AssertRows(Floats(run.Memory.Read<ushort>(y, rows * outputs)), outputs, (row, column) =>
            x[(row * outputs) + column] + (gate[(row / tokens * outputs) + column] * (Dot(hidden, row, weight, column, inputs) + bias[column])));
    }

    private static SimulatedRun Kernel(string stem, string mode, Dictionary<string, string> defines)
    {
        KernelCompiler compiler = KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);
        KernelSources sources = KernelSources.FromFolder(Path.Combine(CudaLibraries.RepositoryFolder(AppContext.BaseDirectory)!, "kernels"));
        return new SimulatedRun(compiler.Compile(sources.Get(stem), "sm_90a", defines).Image.Ptx, SimulatedRun.Options(mode), stem + ".cu");
    }

    private static void AssertRows(float[] got, int columns, Func<int, int, double> truth)
    {
        for (int i = 0; i < got.Length; i++)
        {
            double want = truth(i / columns, i % columns);
            Assert.Equal(want, got[i], (Math.Abs(want) * 0.01) + 0.03);
        }
    }

    private static double Dot(float[] a, int row, float[] b, int other, int count) => Enumerable.Range(0, count).Sum(i => (double)a[(row * count) + i] * b[(other * count) + i]);

    private static float[] Floats(ushort[] bits) => [.. bits.Select(value => (float)BFloat16.FromBits(value))];

    private float[] Rounded(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(BFloat16)(float)((2 * _random.NextDouble()) - 1))];
}
