using System.Text.Json;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Adversarial losses of student and discriminator, with the gradient by the clip and those of the discriminator.</summary>
public sealed class AdversarialRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.HasConfig("gan_layers") && file.Has("in.fake") && file.Has("out.d_total");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using WanDiscriminator critic = Load(file, device);
        critic.Weights.Train(true);
        JsonElement config = file.Config;
        double Number(string key) => config.GetProperty(key).GetDouble();
        GanSettings settings = new()
        {
            GeneratorWeight = Number("gan_g_weight"),
            DiscriminatorWeight = Number("gan_d_weight"),
            IsRelativistic = config.GetProperty("relativistic").GetBoolean(),
            RealSlopeWeight = Number("r1_weight"),
            FakeSlopeWeight = Number("r2_weight"),
            RealSlopeDistance = Number("sigma"),
            FakeSlopeDistance = Number("sigma"),
        };
        GanLoss loss = new(critic, new FlowMatchSchedule(config.GetProperty("timestep_shift").GetSingle()), settings);
        using Pass pass = Pass.Training(device), silent = Pass.Inference(device);
        Tensor In(string name) => WanGolden.Tensor(pass, file, $"in.{name}");
        Tensor? Maybe(string name) => file.Has($"in.{name}") ? In(name) : null;
        float[] timesteps = DistillationRunner.Times(file, "in.t_int");
        Tensor fake = In("fake"), real = In("real"), text = In("prompt_embeds");
        (double value, Tensor seed, float[] fakeLogits, float[] realLogits) = loss.Generator(silent, fake, real, In("eps_fake_g"), In("eps_real_g"), timesteps, text);
        var found = loss.Discriminator(pass, fake, real, In("eps_d"), timesteps, text, Maybe("eps_r1"), Maybe("eps_r2"));
        pass.Backward(found.Total);
        List<Comparison> results =
        [
            file.Compare("in.timestep", LatentTimes(timesteps, fake.Shape[1]), 0),
            Small(file, "out.g_logit_fake", fakeLogits), Small(file, "out.g_logit_real", realLogits), Small(file, "out.g_loss", [(float)value]), file.Compare("out.g_dfake", seed.ToFloats()),
            Small(file, "out.d_logit_fake", found.FakeLogits), Small(file, "out.d_logit_real", found.RealLogits), Small(file, "out.d_loss", [(float)found.Loss]),
            Small(file, "out.d_total", found.Total.ToFloats()),
        ];
        if (settings.RealSlopeWeight > 0)
        {
            results.Add(Slope(file, "r1", "real", (float)found.RealSlope));
            results.Add(Slope(file, "r2", "fake", (float)found.FakeSlope));
        }

        // What no gradient reached, the head of the transformer, counts as zeros.
        Dictionary<string, float[]> grads = critic.Weights.ToDictionary(static parameter => parameter.Name, static parameter => parameter.Grad?.ToFloats() ?? new float[parameter.Value.Count]);
        double tolerance = GoldenGradients.WorstTolerance(file) ?? 4e-6;
        results.AddRange(GoldenGradients.Compare(file, "critic.", grads.GetValueOrDefault, tolerance));
        results.AddRange(GoldenGradients.CompareNorms(file, "critic", grads, tolerance));
        return results;
    }

    // A few numbers near 0 are compared against 0.05, as the reference's index says.
    private static Comparison Small(GoldenFile file, string name, float[] got, double? tolerance = null)
    {
        float[] expected = file.Floats(name);
        double length = Math.Sqrt(expected.Sum(static value => (double)value * value));
        return new Comparison(name, GoldenFile.Distance(expected, got) * length / Math.Max(length, 0.05), tolerance ?? file.Tolerance(name));
    }

    // A slope is a difference of two logits over a short distance. Its suggested tolerance is that of one run that may have been lucky: what the tolerance of the
    // logits themselves allows is allowed here too. r = w (d / σ)², so dr = 2 sqrt(w r) / σ · dd.
    private static Comparison Slope(GoldenFile file, string slope, string side, float got)
    {
        string name = $"out.{slope}_loss", logit = $"out.d_logit_{side}";
        double weight = file.Config.GetProperty($"{slope}_weight").GetDouble(), distance = file.Config.GetProperty("sigma").GetDouble(), value = file.Floats(name)[0];
        double logits = Math.Max(0.05, Math.Sqrt(file.Floats(logit).Average(static number => (double)number * number))) * file.Tolerance(logit);
        double allowed = 2 * Math.Sqrt(weight * value) / distance * 2 * logits;
        return Small(file, name, [got], Math.Max(file.Tolerance(name), allowed / Math.Max(value, 0.05)));
    }

    private static float[] LatentTimes(float[] timesteps, int frames) => [.. timesteps.SelectMany(time => Enumerable.Repeat(time, frames))];

    // The last file that has a tensor is the one that counts: a second file holds another classifier.
    private static WanDiscriminator Load(GoldenFile file, Device device)
    {
        GoldenFile[] files = [.. file.WeightsFiles.Select(static path => new GoldenFile(path))];
        try
        {
            JsonElement config = files[^1].Config;
            DiscriminatorConfig sizes = new(WanConfig.FromJson(JsonPart.Of(file.Path, config)))
            {
                FfnDim = config.GetProperty("gan_ffn_dim").GetInt32(),
                Hidden = config.GetProperty("cls_hidden").GetInt32(),
                Classes = config.GetProperty("num_class").GetInt32(),
                SeesTime = config.GetProperty("concat_time_embeddings").GetBoolean(),
                Layers = [.. config.GetProperty("gan_layers").EnumerateArray().Select(static layer => layer.GetInt32())],
            };
            WeightSet weights = WeightSet.Create(device, sizes.Parameters());
            foreach (Parameter parameter in weights)
            {
                parameter.Value.CopyFrom<float>(files.Last(candidate => candidate.Has(parameter.Name)).Floats(parameter.Name));
            }

            return new WanDiscriminator(sizes, weights);
        }
        finally
        {
            Array.ForEach(files, static opened => opened.Dispose());
        }
    }
}
