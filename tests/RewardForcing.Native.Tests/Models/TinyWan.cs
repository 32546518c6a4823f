using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Models;

/// <summary>A transformer of toy size with repeatable random weights, and inputs for it.</summary>
internal static class TinyWan
{
    public static WanConfig Config { get; } = new() { Dim = 24, FfnDim = 40, Heads = 2, Layers = 2, FreqDim = 16, TextDim = 10, TextTokens = 6 };

    public static WanTransformer Create(Device device, WanConfig? config = null, DType dtype = DType.F32)
    {
        config ??= Config;
        WeightSet weights = WeightSet.Create(device, config.Parameters(), dtype);
        Random random = new(7);
        foreach (Parameter parameter in weights)
        {
            bool norm = parameter.Name.Contains("norm", StringComparison.Ordinal) && parameter.Name.EndsWith("weight", StringComparison.Ordinal);
            float[] values = Noise(parameter.Shape.Count, random, norm ? 0.1f : 0.3f, norm ? 1 : 0);
            if (dtype == DType.F32)
            {
                parameter.Value.CopyFrom<float>(values);
            }
            else
            {
                parameter.Value.CopyFrom<BFloat16>(Array.ConvertAll(values, static v => (BFloat16)v));
            }
        }

        return new WanTransformer(config, weights);
    }

    public static float[] Noise(long count, int seed) => Noise(count, new Random(seed), 1, 0);

    public static Tensor Video(Pass pass, int batch, int frames, int height = 4, int width = 4, int seed = 1)
    {
        Shape shape = new(batch, 16, frames, height, width);
        return pass.From<float>(shape, Noise(shape.Count, seed));
    }

    public static Tensor Text(Pass pass, int batch = 1, int rows = 4, int seed = 2)
    {
        Shape shape = new(batch, rows, Config.TextDim);
        return pass.From<float>(shape, Noise(shape.Count, seed));
    }

    public static double RelativeError(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow(actual[i] - expected[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        return actual.Length == expected.Length ? Math.Sqrt(difference / norm) : double.PositiveInfinity;
    }

    private static float[] Noise(long count, Random random, float scale, float mean)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = mean + (scale * (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
        }

        return values;
    }
}
