using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public class AttentionTests
{
    public static TheoryData<string> Paths => KernelSamples.Paths();

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_OddSizes_GivesTheFormula(string path)
    {
        foreach ((int batch, int queries, int keys, int heads, int width) in new[]
        {
            (1, 1, 1, 1, 1), (2, 3, 5, 2, 7), (1, 49, 300, 1, 12), (1, 5, 513, 3, 17), (2, 97, 31, 1, 64), (1, 200, 9, 1, 128),
        })
        {
            Compare(path, batch, queries, keys, heads, width, DType.F32, AttentionMask.All);
            Compare(path, batch, queries, keys, heads, width, DType.BF16, AttentionMask.All);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_SinkAndWindow_GivesTheFormula(string path)
    {
        foreach (DType type in new[] { DType.F32, DType.BF16 })
        {
            Compare(path, 1, 11, 700, 2, 16, type, AttentionMask.Window(30, 290, 650));
            Compare(path, 1, 11, 70, 2, 16, type, AttentionMask.Window(0, 0, 50));
            Compare(path, 1, 11, 70, 2, 16, type, AttentionMask.Window(0, 70, 70));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_TrainingMasks_GiveTheFormula(string path)
    {
        foreach (AttentionMask mask in new[]
        {
            AttentionMask.BlockCausal(60, 60, -1, 330), AttentionMask.BlockCausal(20, 60, 120, 340), AttentionMask.BlockCausal(7, 5, 9, 300),
            AttentionMask.TeacherForcing(160, 40), AttentionMask.TeacherForcing(170, 60),
        })
        {
            Compare(path, 1, 350, 350, 1, 12, DType.F32, mask);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardCpu_RelativeBias_GivesTheFormula(string path)
    {
        Compare(path, 2, 50, 61, 3, 16, DType.F32, AttentionMask.All, DType.F32);
        Compare(path, 1, 50, 61, 3, 16, DType.F32, AttentionMask.Window(0, 0, 40), DType.BF16);
        Compare(path, 1, 17, 290, 2, 8, DType.BF16, AttentionMask.All, DType.BF16);
    }

    [Fact]
    public void Forward_KeysOutsideTheWindow_AreNeverRead()
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor q = KernelSamples.Random(pass, new Shape(1, 9, 2, 16), DType.F32, 1);
        Tensor k = KernelSamples.Random(pass, new Shape(1, 40, 2, 16), DType.F32, 2);
        Tensor v = KernelSamples.Random(pass, new Shape(1, 40, 2, 16), DType.F32, 3);
        AttentionMask mask = AttentionMask.Window(3, 11, 31);
        float[] clean = Attention.Forward(pass, q, k, v, 0.25f, mask).ToArray<float>();
        foreach (Tensor tensor in new[] { k, v })
        {
            tensor.Span<float>()[(3 * 32)..(11 * 32)].Fill(float.NaN);
            tensor.Span<float>()[(31 * 32)..].Fill(float.NaN);
        }

        Assert.Equal(clean, Attention.Forward(pass, q, k, v, 0.25f, mask).ToArray<float>());
    }

    [Fact]
    public void Forward_LargeScores_StayFinite()
    {
        using var cpu = new CpuDevice(1, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor q = pass.From<float>(new Shape(1, 2, 1, 1), [1000f, -1000f]);
        Tensor k = pass.From<float>(new Shape(1, 3, 1, 1), [-500f, 700f, 900f]);
        Tensor v = pass.From<float>(new Shape(1, 3, 1, 1), [1f, 2f, 3f]);
        float[] y = Attention.Forward(pass, q, k, v, 1f).ToArray<float>();
        Assert.Equal(3f, y[0], 1e-5f);
        Assert.Equal(1f, y[1], 1e-5f);
    }

    [Fact]
    public void Forward_NoKeys_GivesZeros()
    {
        using var cpu = new CpuDevice(1, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor none = pass.New(new Shape(1, 0, 2, 4));
        Assert.All(Attention.Forward(pass, pass.Zeros(new Shape(1, 3, 2, 4)), none, none, 1f).ToArray<float>(), static v => Assert.Equal(0f, v));
    }

    [Fact]
    public void ForwardCpu_OneThreadOrFive_GivesTheSameBits()
    {
        float[][] results = new float[2][];
        foreach ((int index, int threads) in new[] { (0, 1), (1, 5) })
        {
            using var cpu = new CpuDevice(threads);
            using Pass pass = Pass.Inference(cpu);
            Tensor q = KernelSamples.Random(pass, new Shape(1, 300, 3, 20), DType.F32, 1);
            Tensor k = KernelSamples.Random(pass, new Shape(1, 420, 3, 20), DType.F32, 2);
            results[index] = Attention.Forward(pass, q, k, k, 0.3f).ToArray<float>();
        }

        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void Forward_ShapesThatDoNotFit_AreRefused()
    {
        using var cpu = new CpuDevice(1);
        using Pass pass = Pass.Inference(cpu);
        Tensor q = pass.Zeros(new Shape(1, 3, 2, 4)), k = pass.Zeros(new Shape(1, 5, 2, 4));
        Assert.Throws<ArgumentException>(() => Attention.Forward(pass, q, pass.Zeros(new Shape(1, 5, 2, 3)), k, 1f));
        Assert.Throws<ArgumentException>(() => Attention.Forward(pass, q, k, pass.Zeros(new Shape(1, 4, 2, 4)), 1f));
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => Attention.Forward(pass, q, k, k, 1f, AttentionMask.All, pass.Zeros(new Shape(2, 8))));
        Assert.Contains("[2, 7]", refusal.Message, StringComparison.Ordinal);
    }

    private static void Compare(string path, int batch, int queries, int keys, int heads, int width, DType type, AttentionMask mask, DType? biasType = null)
    {
        using var cpu = new CpuDevice(2, checkMemory: true);
        using Pass pass = Pass.Inference(cpu);
        Tensor q = KernelSamples.Random(pass, new Shape(batch, queries, heads, width), type, 1);
        Tensor k = KernelSamples.Random(pass, new Shape(batch, keys, heads, width), type, 2);
        Tensor v = KernelSamples.Random(pass, new Shape(batch, keys, heads, width), type, 3);
        Tensor? bias = biasType is DType stored ? KernelSamples.Random(pass, new Shape(heads, queries + keys - 1), stored, 4) : null;
        Tensor y = pass.New(q.Shape, type);
        long before = cpu.LiveBytes;
        float scale = 3 / MathF.Sqrt(width);
        Attention.ForwardCpu(cpu, Enum.Parse<SimdPath>(path), q, k, v, scale, mask, bias, y);
        Assert.Equal(before, cpu.LiveBytes);
        KernelSamples.Near(Formula(q, k, v, scale, mask, bias), y);
    }

    private static double[] Formula(Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor? bias)
    {
        (float[] x, float[] key, float[] value, float[]? added) = (q.ToFloats(), k.ToFloats(), v.ToFloats(), bias?.ToFloats());
        (int queries, int keys, int heads, int width) = (q.Shape[1], k.Shape[1], q.Shape[2], q.Shape[3]);
        double[] y = new double[q.Count];
        for (int row = 0; row < q.Count / width; row++)
        {
            (int head, int i, int sample) = (row % heads, row / heads % queries, row / heads / queries);
            double[] scores = new double[keys];
            for (int j = 0; j < keys; j++)
            {
                int at = ((((sample * keys) + j) * heads) + head) * width;
                double score = 0;
                for (int d = 0; d < width; d++)
                {
                    score += (double)scale * x[(row * width) + d] * key[at + d];
                }

                if (added is not null)
                {
                    float extra = added[(head * (queries + keys - 1)) + j - i + queries - 1];
                    score = q.DType == DType.BF16 ? BFloat16.Round(BFloat16.Round((float)score) + extra) : score + extra;
                }

                scores[j] = mask.Allows(i, j, keys) ? score : double.NegativeInfinity;
            }

            double largest = scores.Max();
            double sum = largest > double.NegativeInfinity ? scores.Sum(score => Math.Exp(score - largest)) : 0;
            for (int j = 0; j < keys && sum > 0; j++)
            {
                double weight = Math.Exp(scores[j] - largest) / sum;
                int at = ((((sample * keys) + j) * heads) + head) * width;
                for (int d = 0; d < width; d++)
                {
                    y[(row * width) + d] += weight * value[at + d];
                }
            }
        }

        return y;
    }
}
