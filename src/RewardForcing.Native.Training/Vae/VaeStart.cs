using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The weights a Wan VAE starts its training with.</summary>
public static class VaeStart
{
    // With the usual variance near 1 a new encoder's small means drown in noise, and for long nothing is learned but colours.
    private const float LogVariance = -6;
    private const double MeanGain = 5;

    /// <summary>
    /// Makes a network of random weights: convolutions uniform in <c>±sqrt(3 / inputs)</c>, so that they keep the size of what passes, biases 0, norms 1,
    /// no attention yet, and latents that are large beside their noise.
    /// </summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <remarks>LeCun et al. 1998. The projection behind the attention starts at 0, as in Wan.</remarks>
    public static WanVae Create(Device device, VaeConfig config, ulong seed)
    {
        WeightSet weights = WeightSet.Create(device, WanVae.Declare(config));
        try
        {
            foreach (Parameter parameter in weights)
            {
                parameter.Value.CopyFrom<float>(Values(parameter, seed));
            }

            return new WanVae(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private static float[] Values(Parameter parameter, ulong seed)
    {
        var values = new float[parameter.Value.Count];
        if (parameter.Name.EndsWith("gamma", StringComparison.Ordinal))
        {
            values.AsSpan().Fill(1);
            return values;
        }

        if (parameter.Name.Contains("middle.1.proj", StringComparison.Ordinal))
        {
            return values;
        }

        if (parameter.Name.EndsWith("bias", StringComparison.Ordinal))
        {
            values.AsSpan(parameter.Name == "conv1.bias" ? values.Length / 2 : values.Length).Fill(LogVariance);
            return values;
        }

        double bound = Math.Sqrt(3 / ((double)parameter.Shape.Count / parameter.Shape[0]));
        TrainingDraws draws = new(seed, 0);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(bound * ((2 * draws.Uniform(parameter.Name, i)) - 1));
        }

        for (int i = 0; parameter.Name == "conv1.weight" && i < values.Length / 2; i++)
        {
            values[i] *= (float)MeanGain;
        }

        return values;
    }
}
