using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The weights a discriminator starts with.</summary>
public static class GanStart
{
    private const double RegisterDeviation = 0.02;

    /// <summary>Puts new read-outs and a new classifier on a copy of a transformer.</summary>
    /// <param name="backbone">The transformer; stays with its owner.</param>
    /// <param name="config">Sizes; its backbone's are those of <paramref name="backbone"/>.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <returns>A discriminator in F32: register tokens are normal with deviation 0.02, matrices uniform in <c>±1 / sqrt(inputs)</c>, norms 1, biases 0.</returns>
    public static WanDiscriminator Create(WanTransformer backbone, DiscriminatorConfig config, ulong seed)
    {
        WeightSet weights = WeightSet.Create(backbone.Device, config.Parameters());
        try
        {
            foreach (Parameter parameter in weights)
            {
                parameter.Value.CopyFrom<float>(backbone.Weights.Contains(parameter.Name) ? backbone.Weights[parameter.Name].Value.ToFloats() : New(parameter, seed));
            }

            return new WanDiscriminator(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static float[] New(Parameter parameter, ulong seed)
    {
        var values = new float[parameter.Value.Count];
        TrainingDraws draws = new(seed, 0);
        if (parameter.Name.EndsWith("register_tokens", StringComparison.Ordinal))
        {
            using Pass pass = Pass.Inference(parameter.Value.Device);
            return Array.ConvertAll(draws.Normal(pass, parameter.Shape, parameter.Name, 0).ToFloats(), static value => (float)(RegisterDeviation * value));
        }

        if (parameter.Shape.Rank == 1)
        {
            values.AsSpan().Fill(parameter.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
            return values;
        }

        double bound = 1 / Math.Sqrt(parameter.Shape[^1]);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(bound * ((2 * draws.Uniform(parameter.Name, i)) - 1));
        }

        return values;
    }
}
