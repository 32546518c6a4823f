using System.Text.Json;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Whether videos of given flow fields move.</summary>
public sealed class DynamicDegreeRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Config.ValueKind == JsonValueKind.Array && file.Has("in.flow.0") && file.Has("out.pair_scores.0");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        foreach (JsonElement video in file.Config.EnumerateArray())
        {
            int number = video.GetProperty("case").GetInt32(), height = video.GetProperty("height").GetInt32(), width = video.GetProperty("width").GetInt32();
            int[] shape = file.ShapeOf($"in.flow.{number}");
            float[] flow = file.Floats($"in.flow.{number}");
            int size = shape[2] * shape[3];
            double[] scores = [.. Enumerable.Range(0, shape[0]).Select(pair => DynamicDegree.PairScore(
                Array.ConvertAll([.. Enumerable.Range(2 * pair * size, size)], at => MathF.Sqrt((flow[at] * flow[at]) + (flow[at + size] * flow[at + size])))))];
            yield return file.Compare($"out.pair_scores.{number}", [.. scores.Select(static score => (float)score)], 1e-6);
            yield return new Comparison($"threshold {number}", Math.Abs(DynamicDegree.Threshold(height, width) - video.GetProperty("threshold").GetDouble()), 0);
            yield return new Comparison($"required {number}", Math.Abs(DynamicDegree.Required(video.GetProperty("frames").GetInt32()) - video.GetProperty("required").GetInt32()), 0);
            yield return new Comparison($"dynamic {number}", DynamicDegree.IsDynamic(scores, height, width) == video.GetProperty("dynamic").GetBoolean() ? 0 : 1, 0);
        }
    }
}
