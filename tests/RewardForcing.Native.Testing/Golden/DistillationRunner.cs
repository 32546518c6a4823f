using System.Text.Json;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Distillation end to end: one roll-out with its loss and gradients, or steps of student, critic and average, with the weights at the end.</summary>
public sealed class DistillationRunner : GoldenRunner
{
    private const string Student = "student";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => IsLoop(file) || (file.Has("in.exit_steps") && file.Has("out.grad_norm_detached") && file.Has("out.z"));

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        return IsLoop(file) ? Loop(file, networks) : Once(file, device, networks);
    }

    private static bool IsLoop(GoldenFile file) => file.HasConfig("sorted_names") && file.Has("in.s0.G0.noise");

    private static List<Comparison> Once(GoldenFile file, Device device, GoldenNetworks networks)
    {
        DistributionMatching matching = networks.Matching(file);
        double weight = file.Config.GetProperty("beta").ValueKind == JsonValueKind.Number
            ? RewardWeight.Of(file.Config.GetProperty("beta").GetDouble(), file.Config.GetProperty("MQ").GetDouble()) : 1;
        List<Comparison> results = [];
        foreach ((CacheGradient gradient, string mode) in new[] { (CacheGradient.Detached, "detached"), (CacheGradient.StraightThrough, "straight_through") })
        {
            networks.Train(Student, true);
            using CausalState state = RolloutRunner.State(file, networks[Student], gradient);
            using Pass pass = Pass.Training(device), silent = Pass.Inference(device);
            Tensor text = WanGolden.Input(pass, file, "in.prompt_embeds");
            Tensor clip = RolloutRunner.Rollout(file, networks[Student]).Run(pass, state, text, RolloutRunner.Draws(pass, file, string.Empty));
            MatchingGradient found = matching.Gradient(
                silent, clip, WanGolden.Input(silent, file, "in.eps"), Times(file, "in.t_int"), text, WanGolden.Input(silent, file, "in.negative_embeds"), weight);
            results.Add(file.Compare("out.z", clip.ToFloats()));
            results.Add(file.Compare("out.grad", found.Gradient.ToFloats()));
            results.Add(file.Compare("out.loss", [(float)found.Loss]));
            pass.Backward(clip, found.Seed);
            results.Add(file.Compare($"out.grad_norm_{mode}", [(float)GradientClip.Norm(networks[Student].Weights)]));
            results.AddRange(networks.Gradients(file, Student, mode));
        }

        return results;
    }

    private static List<Comparison> Loop(GoldenFile file, GoldenNetworks networks)
    {
        JsonElement config = file.Config;
        int micro = config.GetProperty("A").GetInt32();
        Dictionary<string, float[]> before = Values(networks);
        DistillationSettings settings = Settings(config);
        SelfForcingRollout rollout = RolloutRunner.Rollout(file, networks[Student]);
        int step = 0;
        string name = string.Empty;
        IReadOnlyList<double> Reward(Pass pass, Tensor clip, DistillationBatch batch) => [file.Floats($"in.{name}MQ")[0]];
        using Distillation training = new(rollout, networks.Matching(file), settings, (_, _) => RolloutRunner.State(file, networks[Student], CacheGradient.Detached), Reward);
        DistillationBatch Batch(Pass pass, string role, int i)
        {
            name = $"s{step}.{role}{i}.";
            Tensor text = WanGolden.Input(pass, file, $"in.prompt_embeds.{file.Longs($"in.{name}prompt")[0]}");
            return new DistillationBatch(
                text, RolloutRunner.Draws(pass, file, name), Times(file, $"in.{name}t_int"), WanGolden.Input(pass, file, $"in.{name}eps"), WanGolden.Input(pass, file, "in.negative_embeds"));
        }

        List<Comparison> results = [];
        for (; file.Has($"in.s{step}.C0.noise"); step++)
        {
            if (training.IsGeneratorStep)
            {
                Report(file, results, $"out.s{step}.generator", training.Generator((pass, i) => Batch(pass, "G", i), micro));
            }

            Report(file, results, $"out.s{step}.critic", training.Critic((pass, i) => Batch(pass, "C", i), micro));
        }

        results.AddRange(Final(file, networks, training, before));
        return results;
    }

    private static void Report(GoldenFile file, List<Comparison> results, string name, StepResult step)
    {
        results.Add(file.Compare($"{name}_losses", [.. step.Losses.Select(static loss => (float)loss)]));
        results.Add(file.Compare($"{name}_grad_norm", [(float)step.GradientNorm]));
    }

    // Weights at the end, each, and what the whole run moved them by: a far smaller number, and so a far harder one.
    private static IEnumerable<Comparison> Final(GoldenFile file, GoldenNetworks networks, Distillation training, Dictionary<string, float[]> before)
    {
        foreach ((string role, Dictionary<string, float[]> now) in new[]
        {
            (Student, networks[Student].Weights.ToDictionary(static parameter => parameter.Name, static parameter => parameter.Value.ToFloats())),
            ("critic", networks["critic"].Weights.ToDictionary(static parameter => parameter.Name, static parameter => parameter.Value.ToFloats())),
            ("ema", training.Average!.Averages.ToDictionary(static parameter => parameter.Name, static parameter => parameter.Value.ToFloats())),
        })
        {
            string origin = role == "ema" ? Student : role;
            (double error, double length) = (0, 0);
            foreach ((string name, float[] values) in now.Where(pair => file.Has($"final.{role}.{pair.Key}")))
            {
                yield return file.Compare($"final.{role}.{name}", values);
                float[] expected = file.Floats($"final.{role}.{name}"), start = before[$"{origin}.{name}"];
                for (int i = 0; i < values.Length; i++)
                {
                    error += ((double)values[i] - expected[i]) * ((double)values[i] - expected[i]);
                    length += ((double)expected[i] - start[i]) * ((double)expected[i] - start[i]);
                }
            }

            using JsonDocument tolerances = JsonDocument.Parse(file.Metadata["suggested_tolerance"]);
            string moved = $"final.{role}.* minus initial weights (concatenated)";
            yield return new Comparison(moved, Math.Sqrt(error / length), tolerances.RootElement.GetProperty(moved).GetDouble());
        }
    }

    private static Dictionary<string, float[]> Values(GoldenNetworks networks) => new[] { Student, "critic" }
        .SelectMany(role => networks[role].Weights.Select(parameter => ($"{role}.{parameter.Name}", parameter.Value.ToFloats())))
        .ToDictionary(static pair => pair.Item1, static pair => pair.Item2);

    private static DistillationSettings Settings(JsonElement config)
    {
        DistillationSettings plain = new();
        (double first, double second) = (config.GetProperty("betas")[0].GetDouble(), config.GetProperty("betas")[1].GetDouble());
        double decay = config.GetProperty("weight_decay").GetDouble();
        return plain with
        {
            Generator = new(config.GetProperty("lr").GetDouble(), first, second, WeightDecay: decay),
            Critic = new(config.GetProperty("lr_critic").GetDouble(), first, second, WeightDecay: decay),
            LargestGradient = config.GetProperty("clip").GetDouble(),
            LargestCriticGradient = config.GetProperty("clip").GetDouble(),
            Ratio = config.GetProperty("R").GetInt32(),
            Beta = config.GetProperty("beta").GetDouble(),
            AverageDecay = config.GetProperty("ema_weight").GetDouble(),
            AverageStart = config.GetProperty("ema_start_step").GetInt64(),
            CacheGradient = config.GetProperty("kv_grad").GetString() == "detached" ? CacheGradient.Detached : CacheGradient.StraightThrough,
            CriticFlow = config.GetProperty("critic_flow").GetString() == "direct" ? CriticFlow.Direct : CriticFlow.Reference,
        };
    }

    internal static float[] Times(GoldenFile file, string name) => [.. file.Ints(name).Select(new ScoreTimesteps(5).Of)];
}
