using System.Text.Json;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Words of the counter-based generator, exact, and normal numbers in the order a GPU draws them.</summary>
public sealed class PhiloxRunner : FileRunner
{
    private const double RelativeTolerance = 1e-5;
    private const double AbsoluteTolerance = 1e-6;

    /// <inheritdoc/>
    public override bool Handles(string path)
    {
        if (Path.GetExtension(path) != ".json")
        {
            return false;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("philox4x32_10", out _);
    }

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        int wrong = document.RootElement.GetProperty("philox4x32_10").EnumerateArray().Count(static item => !IsRight(item));
        yield return new Comparison("philox4x32_10", wrong, 0);
        foreach (JsonElement item in document.RootElement.GetProperty("cuda_randn_layout").EnumerateArray())
        {
            float[] values = new float[item.GetProperty("N").GetInt32()];
            ulong seed = item.GetProperty("seed").GetUInt64();
            Philox.TorchCudaNormals(values, seed, item.GetProperty("offset").GetUInt64(), item.GetProperty("sm").GetInt32(), item.GetProperty("max_threads_per_sm").GetInt32());
            double[] expected = [.. item.GetProperty("values").EnumerateArray().Select(static value => value.GetDouble())];

            // The error as a share of what is allowed at the size of the value.
            double error = expected.Length != values.Length ? double.PositiveInfinity
                : expected.Zip(values).Max(static pair => Math.Abs(pair.First - pair.Second) / (AbsoluteTolerance + (RelativeTolerance * Math.Abs(pair.First))));
            yield return new Comparison($"cuda_randn_layout, seed {seed}, {values.Length} values", error, 1);
        }
    }

    private static bool IsRight(JsonElement item)
    {
        uint[] counter = Words(item, "counter"), key = Words(item, "key"), expected = Words(item, "out");
        (uint R0, uint R1, uint R2, uint R3) words = Philox.Block(counter[0], counter[1], counter[2], counter[3], key[0] | ((ulong)key[1] << 32));
        return expected.AsSpan().SequenceEqual([words.R0, words.R1, words.R2, words.R3]);
    }

    private static uint[] Words(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(static word => word.GetUInt32())];
}
