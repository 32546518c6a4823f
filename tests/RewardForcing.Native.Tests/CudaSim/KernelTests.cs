using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Tests.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Whole kernels, as NVRTC compiles them, against plain formulas in double: in every mode, and without a finding.</summary>
public class KernelTests
{
    private readonly Random _random = new(7);

    public static TheoryData<string> Modes => ["fast", "checked", "perturbed", "shuffled", "checked perturbed shuffled"];

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Attention_RaggedKeys_IsSoftmaxOfProducts(string mode)
    {
        (int batch, int lq, int lk) = (2, 100, 150);
        const int D = 128;
        using var run = new SimulatedRun(SimulatorKernels.Ptx("attention.cu"), SimulatedRun.Options(mode));
        (float[] q, ulong qa) = BFloats(run, "q", batch * lq * D, 1);
        (float[] k, ulong ka) = BFloats(run, "k", batch * lk * D, 1);
        (float[] v, ulong va) = BFloats(run, "v", batch * lk * D, 1);
        ulong o = run.Allocate<ushort>("o", q.Length), lse = run.Allocate<float>("lse", batch * lq);
        float scale = 1 / MathF.Sqrt(D);
        LaunchReport report = run.Launch("attention", new CudaExtent((lq + 63) / 64, batch), 128, 81920, o, lse, qa, ka, va, lq, lk, scale);
        Assert.Empty(report.Findings);
        Assert.Equal(batch * 2 * 4 * 3 * 64 * 2, report.Count("mma"));
        float[] got = Floats(run.Memory.Read<ushort>(o, q.Length)), sums = run.Memory.Read<float>(lse, batch * lq);
        for (int row = 0; row < batch * lq; row++)
        {
            int first = row / lq * lk;
            double[] p = [.. Enumerable.Range(first, lk).Select(j => Dot(q, row * D, k, j * D, D) * scale)];
            double top = p.Max(), sum = p.Sum(x => Math.Exp(x - top));
            Assert.Equal(top + Math.Log(sum), sums[row], 1e-3);
            for (int d = 0; d < D; d += 5)
            {
                double want = Enumerable.Range(0, lk).Sum(j => Math.Exp(p[j] - top) / sum * v[((first + j) * D) + d]);
                Assert.Equal(want, got[(row * D) + d], 5e-3);
            }
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Product_RaggedRowsAndColumns_IsTheProduct(string mode)
    {
        (int m, int n, int k) = (100, 72, 200);
        using var run = new SimulatedRun(SimulatorKernels.Ptx("products.cu"), SimulatedRun.Options(mode));
        (float[] a, ulong aa) = BFloats(run, "a", m * k, 1);
        (float[] b, ulong ba) = BFloats(run, "b", n * k, 1);
        ulong c = run.Allocate<float>("c", m * n);
        LaunchReport report = run.Launch("product", new CudaExtent((n + 63) / 64, (m + 63) / 64), 128, 49152, c, aa, ba, m, n, k);
        Assert.Empty(report.Findings);
        float[] got = run.Memory.Read<float>(c, m * n);
        for (int i = 0; i < m * n; i++)
        {
            Assert.Equal(Dot(a, i / n * k, b, i % n * k, k), got[i], 1e-3);
        }

        if (mode.Contains("checked"))
        {
            Assert.Equal(1, report.WavefrontsPerPhase, 1e-9);
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void RmsNorm_IsTheFormula(string mode)
    {
        (int rows, int channels) = (5, 1536);
        using var run = new SimulatedRun(SimulatorKernels.Ptx("rows.cu"), SimulatedRun.Options(mode));
        (float[] x, ulong xa) = BFloats(run, "x", rows * channels, 1);
        float[] weight = Normal(channels, 1);
        ulong y = run.Allocate<ushort>("y", x.Length);
        LaunchReport report = run.Launch("rms_norm", rows, 256, 0, y, xa, run.Upload("weight", weight), channels, 1e-6f);
        Assert.Empty(report.Findings);
        float[] got = Floats(run.Memory.Read<ushort>(y, x.Length));
        for (int i = 0; i < x.Length; i++)
        {
            int row = i / channels * channels;
            double want = x[i] / Math.Sqrt((Dot(x, row, x, row, channels) / channels) + 1e-6) * weight[i % channels];
            Assert.Equal(want, got[i], (Math.Abs(want) * 0.004) + 1e-6);
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Softmax_IsTheFormula(string mode)
    {
        (int rows, int columns) = (3, 1000);
        using var run = new SimulatedRun(SimulatorKernels.Ptx("rows.cu"), SimulatedRun.Options(mode));
        float[] x = Normal(rows * columns, 3);
        ulong y = run.Allocate<ushort>("y", x.Length);
        Assert.Empty(run.Launch("softmax", rows, 128, 0, y, run.Upload("x", x), columns).Findings);
        float[] got = Floats(run.Memory.Read<ushort>(y, x.Length));
        for (int row = 0; row < rows; row++)
        {
            float[] own = x[(row * columns)..((row + 1) * columns)];
            double sum = own.Sum(v => Math.Exp(v));
            for (int i = 0; i < columns; i++)
            {
                double want = Math.Exp(own[i]) / sum;
                Assert.Equal(want, got[(row * columns) + i], (want * 0.004) + 1e-9);
            }
        }
    }

    [NvrtcTheory]
    [MemberData(nameof(Modes))]
    public void Sines_SmallAndHugeAngles_AreExactToThreeUlps(string mode)
    {
        using var run = new SimulatedRun(SimulatorKernels.Ptx("rows.cu"), SimulatedRun.Options(mode));
        float[] x = [0, -0f, 1e-3f, 0.5f, 3.14159274f, -100.25f, 12345.678f, 105615.0f, 1e6f, -3.3e8f, 1e20f, 3e38f];
        ulong s = run.Allocate<float>("s", x.Length), c = run.Allocate<float>("c", x.Length);
        Assert.Empty(run.Launch("sines", 1, 64, 0, s, c, run.Upload("x", x), x.Length).Findings);
        float[] sines = run.Memory.Read<float>(s, x.Length), cosines = run.Memory.Read<float>(c, x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(Math.Sin(x[i]), sines[i], 4e-7);
            Assert.Equal(Math.Cos(x[i]), cosines[i], 4e-7);
        }
    }

    private static float[] Floats(ushort[] values) => [.. values.Select(value => (float)BFloat16.FromBits(value))];

    private static double Dot(float[] a, int i, float[] b, int j, int count)
    {
        double sum = 0;
        for (int k = 0; k < count; k++)
        {
            sum += (double)a[i + k] * b[j + k];
        }

        return sum;
    }

    private float[] Normal(int count, float deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble())) * deviation)];

    private (float[] Values, ulong Address) BFloats(SimulatedRun run, string name, int count, float deviation)
    {
        ushort[] bits = [.. Normal(count, deviation).Select(value => ((BFloat16)value).Bits)];
        return (Floats(bits), run.Upload(name, bits));
    }
}
