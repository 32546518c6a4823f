using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>PyTorch's CPU generator: normals of every size and type, sequences of calls, uniforms, integers, permutations, raw words.</summary>
public sealed class TorchRandomRunner : GoldenRunner
{
    private const double NormalTolerance = 2e-6;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Names.Any(static name => name.StartsWith("out.mt19937_raw.", StringComparison.Ordinal));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        Dictionary<string, TorchCpuRandom> sequences = [];
        foreach (string name in file.Names.OrderBy(Order))
        {
            string[] parts = name.Split('.');
            if (parts[1] == "randn_seq")
            {
                sequences.TryAdd(parts[2], new TorchCpuRandom(ulong.Parse(parts[2])));
                yield return Normals(file, name, sequences[parts[2]], "float32");
            }
            else
            {
                yield return Single(file, name, parts);
            }
        }
    }

    // Calls of one sequence are numbered; text order would put call 10 before call 2.
    private static int Order(string name) => name.Split('.') is [_, "randn_seq", _, string call, ..] ? int.Parse(call) : -1;

    private static Comparison Single(GoldenFile file, string name, string[] parts)
    {
        TorchCpuRandom random = new(ulong.Parse(parts[2]));
        int count = file.ShapeOf(name).Aggregate(1, static (product, extent) => product * extent);
        string[] kind = parts[1].Split('_');
        switch (kind[0])
        {
            case "randn":
                return Normals(file, name, random, parts.Length > 4 ? parts[4] : "float32");
            case "rand":
                var uniforms = new float[count];
                random.Uniform(uniforms);
                return file.Compare(name, uniforms, 0);
            case "randint":
                var integers = new long[count];
                random.Integers(integers, long.Parse(kind[1]), long.Parse(kind[2]));
                return file.CompareExactly(name, integers);
            case "randperm":
                return file.CompareExactly(name, random.Permutation(count));
            default:
                var words = new long[count];
                for (int i = 0; i < count; i++)
                {
                    words[i] = random.NextWord();
                }

                return file.CompareExactly(name, words);
        }
    }

    private static Comparison Normals(GoldenFile file, string name, TorchCpuRandom random, string type)
    {
        float[] expected = file.Floats(name);
        var values = new float[expected.Length];
        switch (type)
        {
            case "float32":
                random.Normal(values);
                break;
            case "bfloat16":
                random.NormalBf16(values);
                break;
            default:
                var doubles = new double[values.Length];
                random.Normal(doubles);
                values = Array.ConvertAll(doubles, static value => (float)value);
                break;
        }

        double worst = 0;
        for (int i = 0; i < values.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs((double)values[i] - expected[i]));
        }

        return new Comparison(name, worst, type == "bfloat16" ? 0 : NormalTolerance);
    }
}
