using System.Globalization;
using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Tables of training in JSON, exact but for the drift: what loops do how often, which frames a block attends to in a roll-out, and the rules of metrics.</summary>
public sealed class TrainingTableRunner : FileRunner
{
    /// <inheritdoc/>
    public override bool Handles(string path)
    {
        if (Path.GetExtension(path) != ".json")
        {
            return false;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return IsLoops(document.RootElement) || IsWindows(document.RootElement) || IsMetrics(document.RootElement);
    }

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = document.RootElement;
        return [.. IsLoops(root) ? root.EnumerateArray().SelectMany(Loops) : IsWindows(root) ? root.GetProperty("rows").EnumerateArray().SelectMany(Windows) : Metrics(root)];
    }

    private static bool IsLoops(JsonElement root) =>
        root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 && root[0].ValueKind == JsonValueKind.Object && root[0].TryGetProperty("reference", out _) && root[0].TryGetProperty("intended", out _);

    private static bool IsWindows(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("rows", out JsonElement rows) && rows.ValueKind == JsonValueKind.Array && rows.GetArrayLength() > 0
        && rows[0].ValueKind == JsonValueKind.Object && rows[0].TryGetProperty("local_attn_size", out _);

    private static bool IsMetrics(JsonElement root) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty("drift", out _) && root.TryGetProperty("sampling_stride_by_fps", out _);

    private static IEnumerable<Comparison> Loops(JsonElement row)
    {
        (int a, int r, long turns) = (row.GetProperty("A").GetInt32(), row.GetProperty("R").GetInt32(), row.GetProperty("full_training_steps").GetInt64());
        foreach ((TrainingLoop loop, string name, string backwards) in new[] { (TrainingLoop.Reference, "reference", "generator_gradient_evaluations"), (TrainingLoop.Intended, "intended", "generator_backward") })
        {
            LoopCounts counts = new LoopPlan(loop, a, r).Count(turns, row.GetProperty("ema_start_step").GetInt64(), row.GetProperty("log_iters").GetInt64());
            JsonElement expected = row.GetProperty(name);
            foreach ((string key, long count) in new[]
            {
                (backwards, counts.GeneratorBackwards), ("generator_adam_steps", counts.GeneratorMoves), ("critic_backward", counts.CriticBackwards), ("critic_adam_steps", counts.CriticMoves), ("ema_updates", counts.AverageUpdates),
            })
            {
                yield return new Comparison($"A {a}, R {r}, {turns} turns, {name} {key}", Math.Abs(count - expected.GetProperty(key).GetInt64()), 0);
            }

            long[] saves = [.. expected.GetProperty("saves").EnumerateArray().Select(static save => save.GetInt64())];
            yield return WanGolden.CompareExactly($"A {a}, R {r}, {turns} turns, {name} saves", saves, [.. counts.Saves]);
        }
    }

    // The caches of a roll-out hold all frames, so slots are frames.
    private static IEnumerable<Comparison> Windows(JsonElement row)
    {
        int frames = row.GetProperty("frames").GetInt32();
        CachePolicy policy = CachePolicy.RewardForcing with { WindowFrames = row.GetProperty("local_attn_size").GetInt32(), SinkFrames = row.GetProperty("sink_size").GetInt32(), CapacityFrames = frames };
        SelfForcingRollout rollout = new(null!, null!, [1000f]) { FramesPerBlock = row.GetProperty("num_frame_per_block").GetInt32(), IndependentFirstFrame = row.GetProperty("independent_first_frame").GetBoolean() };
        int start = 0;
        foreach ((int length, JsonElement block) in rollout.Blocks(frames, hasInitial: false).Zip(row.GetProperty("blocks").EnumerateArray()))
        {
            CachePlan plan = CachePlan.For(policy, frames, start, start, start, length);
            IEnumerable<int> keys = plan.IsContiguous ? Enumerable.Range(0, plan.AttendEnd) : Enumerable.Range(0, plan.AttendedSink).Concat(Enumerable.Range(plan.AttendFrom, plan.End - plan.AttendFrom));
            string name = $"window {policy.WindowFrames}, sink {policy.SinkFrames}, block at {start}";
            yield return WanGolden.CompareExactly($"{name}: keys", Whole(block, "key_frames"), [.. keys.Select(static key => (long)key)]);
            yield return WanGolden.CompareExactly($"{name}: frames and query", [.. Whole(block, "frames"), block.GetProperty("query_rope_start").GetInt64()], [start, start + length - 1, plan.QueryPosition]);
            yield return WanGolden.CompareExactly($"{name}: positions", Whole(block, "key_rope_positions"), [0, keys.Count() - 1]);
            yield return new Comparison($"{name}: gradient", block.GetProperty("grad").GetBoolean() == start >= frames - rollout.GradientFrames ? 0 : 1, 0);
            start += length;
        }
    }

    private static IEnumerable<Comparison> Metrics(JsonElement root)
    {
        foreach (JsonElement video in root.GetProperty("drift").EnumerateArray())
        {
            double expected = video.GetProperty("drift").GetDouble(), got = Drift.Of([.. video.GetProperty("scores").EnumerateArray().Select(static score => score.GetDouble())]);
            yield return new Comparison($"drift {expected}", Math.Abs(got - expected) / Math.Max(expected, 1), 1e-6);
        }

        yield return Table(root, "required_pairs_by_sampled_frames", DynamicDegree.Required);
        yield return Table(root, "sampling_stride_by_fps", static rate => DynamicDegree.Stride(rate));
    }

    private static Comparison Table(JsonElement root, string name, Func<int, int> rule)
    {
        JsonProperty[] wrong = [.. root.GetProperty(name).EnumerateObject().Where(entry => rule(int.Parse(entry.Name, CultureInfo.InvariantCulture)) != entry.Value.GetInt32())];
        return new Comparison(wrong.Length == 0 ? name : $"{name}, first wrong at {wrong[0].Name}", wrong.Length, 0);
    }

    private static long[] Whole(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(static value => value.GetInt64())];
}
