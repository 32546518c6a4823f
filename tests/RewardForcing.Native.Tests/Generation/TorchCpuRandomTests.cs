using RewardForcing.Native.Generation;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Golden;
using Xunit;

namespace RewardForcing.Native.Tests.Generation;

public sealed class TorchCpuRandomTests
{
    private const string File = "golden/formats/torch_cpu_rng.safetensors";
    private const float Tolerance = 2e-6f;

    [Fact]
    public void Normal_EverySizeAndType_AgreesWithReference()
    {
        using GoldenFile golden = new(Fixtures.Path(File));
        int cases = 0;
        foreach (string name in golden.Names.Where(static name => name.StartsWith("out.randn.", StringComparison.Ordinal)))
        {
            string[] parts = name.Split('.');
            TorchCpuRandom random = new(ulong.Parse(parts[2]));
            float[] expected = golden.Floats(name);
            Assert.Equal(int.Parse(parts[3]), expected.Length);
            var values = new float[expected.Length];
            switch (parts[4])
            {
                case "float32":
                    random.Normal(values);
                    break;
                case "bfloat16":
                    random.NormalBf16(values);
                    break;
                default:
                    var doubles = new double[expected.Length];
                    random.Normal(doubles);
                    values = Array.ConvertAll(doubles, static value => (float)value);
                    break;
            }

            AssertClose(name, expected, values, parts[4] == "bfloat16" ? 0 : Tolerance);
            cases++;
        }

        Assert.True(cases > 50);
    }

    [Fact]
    public void Normal_SequenceOfCalls_KeepsTheSpareValueOfPairs()
    {
        using GoldenFile golden = new(Fixtures.Path(File));
        var bySeed = golden.Names.Where(static name => name.StartsWith("out.randn_seq.", StringComparison.Ordinal)).GroupBy(static name => name.Split('.')[2]);
        int cases = 0;
        foreach (IGrouping<string, string> group in bySeed)
        {
            TorchCpuRandom random = new(ulong.Parse(group.Key));
            foreach (string name in group.OrderBy(static name => int.Parse(name.Split('.')[3])))
            {
                float[] expected = golden.Floats(name);
                var values = new float[expected.Length];
                random.Normal(values);
                AssertClose(name, expected, values, Tolerance);
                cases++;
            }
        }

        Assert.True(cases > 10);
    }

    [Fact]
    public void IntegersAndUniforms_EverySeed_AreExact()
    {
        using GoldenFile golden = new(Fixtures.Path(File));
        string[] seeds = [.. golden.Names.Where(static name => name.StartsWith("out.rand.", StringComparison.Ordinal)).Select(static name => name.Split('.')[2])];
        Assert.NotEmpty(seeds);
        foreach (string seed in seeds)
        {
            ulong value = ulong.Parse(seed);
            float[] uniform = golden.Floats($"out.rand.{seed}");
            var drawn = new float[uniform.Length];
            new TorchCpuRandom(value).Uniform(drawn);
            Assert.Equal(uniform, drawn);

            long[] integers = golden.Longs($"out.randint_0_1000.{seed}");
            var draws = new long[integers.Length];
            new TorchCpuRandom(value).Integers(draws, 0, 1000);
            Assert.Equal(integers, draws);
            Assert.Equal(golden.Longs($"out.randperm_20.{seed}"), new TorchCpuRandom(value).Permutation(20));

            long[] words = golden.Longs($"out.mt19937_raw.{seed}");
            TorchCpuRandom raw = new(value);
            Assert.Equal(words, words.Select(_ => (long)raw.NextWord()));

            float[] matrix = golden.Floats($"out.randn_2d_3x7.{seed}");
            var normals = new float[matrix.Length];
            new TorchCpuRandom(value).Normal(normals);
            AssertClose(seed, matrix, normals, Tolerance);
        }
    }

    private static void AssertClose(string name, float[] expected, float[] actual, float tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance, $"{name}[{i}]: expected {expected[i]:R}, got {actual[i]:R}.");
        }
    }
}
