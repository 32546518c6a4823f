using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>What the runners of Wan transformer cases share: the network of a file, its tensors on a device, errors.</summary>
internal static class WanGolden
{
    public static bool IsTransformer(GoldenFile file) =>
        file.Config.ValueKind == JsonValueKind.Object && file.Config.TryGetProperty("ffn_dim", out _) && file.Config.TryGetProperty("num_layers", out _)
        && file.Config.TryGetProperty("in_dim", out _) && file.Has("in.context") && !file.Has("in.prompt_ids");

    public static WanTransformer Load(GoldenFile file, Device device)
    {
        WanConfig config = WanConfig.FromJson(JsonPart.Of(file.Path, file.Config));
        using TensorArchive archive = file.OpenWeights();

        // A case that carries its own weights holds inputs and outputs beside them.
        KeyMap map = new("golden", static name => CaseTensors.IsWeight(name) ? name : null);
        return new WanTransformer(config, WeightSet.Load(device, archive, map, config.Parameters(), file.Rules));
    }

    public static Tensor Tensor(Pass pass, GoldenFile file, string name) => pass.From<float>(new Shape(file.ShapeOf(name)), file.Floats(name));

    /// <summary>An input of a network, in the type it computes in.</summary>
    public static Tensor Input(Pass pass, GoldenFile file, string name) => Cast.Forward(pass, Tensor(pass, file, name), file.Type);

    /// <summary>Relative L2 error of a result; against zeros, its plain norm.</summary>
    public static Comparison Compare(GoldenFile file, string name, ReadOnlySpan<float> actual, double tolerance)
    {
        float[] expected = file.Floats(name);
        if (expected.Length != actual.Length)
        {
            return new Comparison(name, double.PositiveInfinity, tolerance);
        }

        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
            norm += (double)expected[i] * expected[i];
        }

        double error = Math.Sqrt(difference) / (norm > 0 ? Math.Sqrt(norm) : 1);
        return new Comparison(name, double.IsNaN(error) ? double.PositiveInfinity : error, tolerance);
    }

    public static Comparison CompareExactly(string name, ReadOnlySpan<long> expected, ReadOnlySpan<long> actual) =>
        new(name, expected.SequenceEqual(actual) ? 0 : double.PositiveInfinity, 0);
}
