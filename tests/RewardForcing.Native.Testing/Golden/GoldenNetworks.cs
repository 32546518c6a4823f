using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The networks of a training case: its metadata names a file of weights for each role, and each file says how its network is built.</summary>
internal sealed class GoldenNetworks : IDisposable
{
    private readonly Dictionary<string, WanTransformer> _networks = new(StringComparer.Ordinal);

    public GoldenNetworks(GoldenFile file, Device device)
    {
        using JsonDocument weights = JsonDocument.Parse(file.Metadata["weights"]);
        foreach (JsonProperty role in weights.RootElement.EnumerateObject())
        {
            string path = Path.Combine(Path.GetDirectoryName(file.Path)!, role.Value.GetString()!);
            using TensorArchive archive = TensorArchive.Open(path);
            using JsonDocument config = JsonDocument.Parse(archive.Metadata["config"]);
            _networks[role.Name] = WanTransformer.Load(device, WanConfig.FromJson(JsonPart.Of(path, config.RootElement)), archive, new WanLoadOptions { Weights = file.Rules with { IsWritable = true } });
        }
    }

    /// <summary>Names of the roles.</summary>
    public IEnumerable<string> Roles => _networks.Keys;

    /// <summary>The network of a role.</summary>
    public WanTransformer this[string role] => _networks[role];

    /// <summary>Lets a network be trained, or not.</summary>
    public void Train(string role, bool trains) => _networks[role].Weights.Train(trains);

    /// <summary>Distribution matching between teacher and critic, with the shifts and guidance of a case's configuration or the usual ones.</summary>
    public DistributionMatching Matching(GoldenFile file)
    {
        float Number(string key, float otherwise) => file.Config.TryGetProperty(key, out JsonElement value) ? value.GetSingle() : otherwise;
        FlowMatchSchedule scores = new(Number("score_shift", 8));
        return new DistributionMatching(new ScoreNetwork(this["teacher"], scores), new ScoreNetwork(this["critic"], scores), new FlowMatchSchedule(Number("timestep_shift", 5)))
        {
            TeacherGuidance = Number("real_guidance_scale", Number("guidance_scale", 3)),
            CriticGuidance = Number("fake_guidance_scale", 0),
        };
    }

    /// <summary>Compares the gradients of a network with those in the file, whole ones and lengths, and forgets them.</summary>
    /// <param name="file">The case.</param>
    /// <param name="role">Whose.</param>
    /// <param name="mode">What the file calls them.</param>
    public IReadOnlyList<Comparison> Gradients(GoldenFile file, string role, string mode)
    {
        double tolerance = GoldenGradients.WorstTolerance(file) ?? 4e-6;
        Dictionary<string, float[]> grads = _networks[role].Weights.Where(static parameter => parameter.Grad is not null)
            .ToDictionary(static parameter => parameter.Name, static parameter => parameter.Grad!.ToFloats());
        Comparison[] results = [.. GoldenGradients.Compare(file, $"{mode}.", grads.GetValueOrDefault, tolerance), .. GoldenGradients.CompareNorms(file, mode, grads, tolerance)];
        foreach (Parameter parameter in _networks[role].Weights)
        {
            parameter.ClearGrad();
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (WanTransformer network in _networks.Values)
        {
            network.Dispose();
        }
    }
}
