using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Miniature checkpoints in every layout beside a file of expected outputs: each is loaded and run, and the weights of every training checkpoint are summed up.</summary>
public sealed class WanCheckpointRunner : GoldenRunner
{
    private const double Tolerance = 4e-6;
    private const double SumTolerance = 1e-9;

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("out.dit_flow") && Directory.Exists(Folder(file));

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        string folder = Folder(file);
        foreach (string path in Directory.EnumerateFiles(folder, "config.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (Weights(Path.GetDirectoryName(path)!) is string weights)
            {
                WanConfig config = WanConfig.FromFile(path) with { TextTokens = file.ShapeOf("in.context")[1] };
                yield return Forward(file, device, config, weights, "out.dit_flow");
            }
        }

        foreach (Comparison comparison in MiniCheckpoints.Run(file, device, folder))
        {
            yield return comparison;
        }

        WanConfig mini = WanConfig.FromJson(JsonPart.Of(file.Path, file.Config.GetProperty("dit")));
        yield return Forward(file, device, mini, Path.Combine(folder, "pt", "flat_rf_fp32.pt"), "out.dit_flow_flat_rf_fp32");
        using JsonDocument sums = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "checksums.json")));
        foreach (JsonProperty entry in sums.RootElement.EnumerateObject())
        {
            if (entry.Name.StartsWith("pt/", StringComparison.Ordinal) && entry.Value.GetProperty("tensors").TryGetProperty("patch_embedding.weight", out _))
            {
                yield return IsZip(Path.Combine(folder, entry.Name.Split("::")[0])) ? Sums(folder, device, mini, entry) : Refusal(folder, entry);
            }
        }
    }

    private static string Folder(GoldenFile file) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file.Path))!, "ckpt");

    // The transformer of a folder: the index of its shards, or its only file.
    private static string? Weights(string folder)
    {
        string single = Path.Combine(folder, "diffusion_pytorch_model.safetensors");
        return Path.GetFileName(folder) == "vae" ? null
            : File.Exists(single + ".index.json") ? single + ".index.json"
            : File.Exists(single) ? single
            : null;
    }

    private static Comparison Forward(GoldenFile file, Device device, WanConfig config, string weights, string output)
    {
        using TensorArchive archive = TensorArchive.Open(weights);
        using WanTransformer model = WanTransformer.Load(device, config, archive, new WanLoadOptions { Weights = file.Rules });
        using Pass pass = Pass.Inference(device);
        Tensor flow = model.Forward(pass, WanGolden.Input(pass, file, "in.x"), file.Floats("in.t"), WanGolden.Input(pass, file, "in.context"));
        string name = Path.GetFileName(Path.GetDirectoryName(weights)!);
        return WanGolden.Compare(file, output, flow.ToFloats(), Tolerance) with { Tensor = $"{output} ({name})" };
    }

    private static bool IsZip(string path)
    {
        Span<byte> start = stackalloc byte[2];
        using FileStream stream = File.OpenRead(path);
        stream.ReadExactly(start);
        return start.SequenceEqual("PK"u8);
    }

    // The format from before PyTorch 1.6 is refused, by name; spec: malformed files, P11.
    private static Comparison Refusal(string folder, JsonProperty entry)
    {
        try
        {
            TensorArchive.Open(Path.Combine(folder, entry.Name.Split("::")[0])).Dispose();
            return new Comparison($"{entry.Name} (to be refused)", double.PositiveInfinity, 0);
        }
        catch (ModelFormatException)
        {
            return new Comparison($"{entry.Name} (to be refused)", 0, 0);
        }
    }

    // The worst of three sums over all parameters of one set of weights, relative to the sum of magnitudes.
    private static Comparison Sums(string folder, Device device, WanConfig config, JsonProperty entry)
    {
        string[] parts = entry.Name.Split("::");
        WeightsEntry set = parts.Length == 1 ? WeightsEntry.Auto
            : parts[1] switch { "generator" => WeightsEntry.Generator, "generator_ema" => WeightsEntry.GeneratorEma, _ => WeightsEntry.Critic };
        using TensorArchive archive = TensorArchive.Open(Path.Combine(folder, parts[0]));
        using WanTransformer model = WanTransformer.Load(device, config, archive, new WanLoadOptions { Entry = set });
        double worst = 0;
        foreach (JsonProperty expected in entry.Value.GetProperty("tensors").EnumerateObject())
        {
            float[] values = model.Weights[expected.Name].Value.ToFloats();
            (double sum, double magnitude, double weighted) = (0, 0, 0);
            for (int i = 0; i < values.Length; i++)
            {
                sum += values[i];
                magnitude += Math.Abs(values[i]);
                weighted += values[i] * (double)((i % 97) + 1);
            }

            double scale = Math.Max(expected.Value.GetProperty("abs_sum").GetDouble(), double.Epsilon);
            worst = Math.Max(worst, Math.Abs(sum - expected.Value.GetProperty("sum").GetDouble()) / scale);
            worst = Math.Max(worst, Math.Abs(magnitude - expected.Value.GetProperty("abs_sum").GetDouble()) / scale);
            worst = Math.Max(worst, Math.Abs(weighted - expected.Value.GetProperty("weighted_sum").GetDouble()) / (97 * scale));
        }

        return new Comparison(entry.Name, worst, SumTolerance);
    }
}
