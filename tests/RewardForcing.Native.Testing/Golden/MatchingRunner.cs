using System.Text.Json;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The distribution-matching gradient of a given clip, plain or weighted by a reward.</summary>
public sealed class MatchingRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.z") && file.Has("in.negative_embeds") && file.Has("out.dz") && file.Has("out.real_cfg_x0");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using GoldenNetworks networks = new(file, device);
        using Pass pass = Pass.Inference(device);
        Tensor z = WanGolden.Tensor(pass, file, "in.z");
        int batch = z.Shape[0], frames = z.Shape[1];
        JsonElement config = file.Config;
        ScoreTimesteps draws = new(config.GetProperty("timestep_shift").GetSingle(), config.GetProperty("min_step").GetSingle(), config.GetProperty("max_step").GetSingle());
        float[] timesteps = [.. file.Ints("in.t_int").Select(draws.Of)];
        DistributionMatching matching = networks.Matching(file);
        double weight = config.GetProperty("beta").ValueKind == JsonValueKind.Number
            ? RewardWeight.Of(config.GetProperty("beta").GetDouble(), config.GetProperty("MQ").GetDouble()) : 1;
        MatchingGradient result = matching.Gradient(
            pass, z, WanGolden.Tensor(pass, file, "in.eps"), timesteps, Text(pass, file, "in.prompt_embeds", batch), Text(pass, file, "in.negative_embeds", batch), weight,
            file.Has("in.mask") ? pass.From<float>(z.Shape, Array.ConvertAll(file.Longs("in.mask"), static value => (float)value)) : null);
        List<Comparison> results =
        [
            file.Compare("in.timestep", [.. timesteps.SelectMany(time => Enumerable.Repeat(time, frames))], 0),
            file.Compare("out.z_t", result.Noisy!.ToFloats()),
            file.Compare("out.real_cfg_x0", result.Real!.ToFloats()),
            file.Compare("out.normalizer", [.. result.Normalisers.Select(static value => (float)value)]),
            file.Compare("out.grad", result.Gradient.ToFloats()),
            file.Compare("out.dmdtrain_gradient_norm", [(float)result.MeanSize]),
            file.Compare("out.loss", [(float)result.Loss]),
            file.Compare("out.dz", result.Seed.ToFloats()),
        ];
        if (matching.CriticGuidance == 0)
        {
            results.Add(file.Compare("out.fake_cond_x0", result.Fake!.ToFloats()));
        }

        if (file.Has("out.weight"))
        {
            results.Add(file.Compare("out.weight", [(float)weight]));
        }

        return results;
    }

    /// <summary>A prompt, repeated for every sample if there is one for all.</summary>
    internal static Tensor Text(Pass pass, GoldenFile file, string name, int batch)
    {
        int[] shape = file.ShapeOf(name);
        float[] values = file.Floats(name);
        return pass.From<float>(new Shape(batch, shape[1], shape[2]), shape[0] == batch ? values : [.. Enumerable.Repeat(values, batch).SelectMany(static one => one)]);
    }
}
