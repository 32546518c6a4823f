using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The weights a Wan VAE starts its training with.</summary>
public static class VaeStart
{
    // With the usual variance near 1 a new encoder's small means drown in noise, and for long nothing is learned but colours.
    private const float LogVariance = -6;
    private const double MeanGain = 5;
    private const double BranchGain = 0.3;
    private const double OffLatestGain = 0.1;

    /// <summary>
    /// Makes a network of random weights: convolutions uniform in <c>±sqrt(3 / inputs)</c>, so that they keep the size of what passes, biases 0, norms 1,
    /// no attention yet, latents that are large beside their noise, and branches and a last layer that are small beside what they are added to. Convolutions
    /// see only their latest frame, so a network that was shown images alone treats every frame of a video as one.
    /// </summary>
    /// <param name="device">Where it is to live.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="clips">
    /// Videos, <c>[F, H, W, 3]</c>, 0 to 255, whose mean colour the decoder starts with; null starts with gray. With a wrong colour every layer first learns to
    /// be constant, and normalised constants let no gradient through.
    /// </param>
    /// <remarks>LeCun et al. 1998; images inflated to videos as in Carreira and Zisserman 2017. The projection behind the attention starts at 0, as in Wan.</remarks>
    public static WanVae Create(Device device, VaeConfig config, ulong seed, IClipStore? clips = null)
    {
        WeightSet weights = WeightSet.Create(device, WanVae.Declare(config));
        try
        {
            foreach (Parameter parameter in weights)
            {
                parameter.Value.CopyFrom<float>(Values(parameter, seed));
            }

            if (clips is not null)
            {
                weights["decoder.head.2.bias"].Value.CopyFrom<float>(VideoCrops.MeanColour(clips));
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
        (string name, Shape shape) = (parameter.Name, parameter.Shape);
        var values = new float[parameter.Value.Count];
        if (name.EndsWith("gamma", StringComparison.Ordinal))
        {
            values.AsSpan().Fill(1);
            return values;
        }

        if (name.Contains("middle.1.proj", StringComparison.Ordinal))
        {
            return values;
        }

        if (name.EndsWith("bias", StringComparison.Ordinal))
        {
            values.AsSpan(name == "conv1.bias" ? values.Length / 2 : values.Length).Fill(LogVariance);
            return values;
        }

        int taps = shape.Rank == 5 ? shape[2] : 1;
        double gain = name.EndsWith("residual.6.weight", StringComparison.Ordinal) || name == "decoder.head.2.weight" ? BranchGain : 1;
        double bound = gain * Math.Sqrt(3 / ((double)shape.Count / shape[0] / taps));
        TrainingDraws draws = new(seed, 0);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(bound * ((2 * draws.Uniform(name, i)) - 1));
        }

        if (name.EndsWith("time_conv.weight", StringComparison.Ordinal))
        {
            PassLatest(values, shape);
        }
        else if (taps > 1)
        {
            KeepLatest(values, shape);
        }

        for (int i = 0; name == "conv1.weight" && i < values.Length / 2; i++)
        {
            values[i] *= (float)MeanGain;
        }

        return values;
    }

    // Filters [outputs, inputs, frames, height, width] over the latest frame alone.
    private static void KeepLatest(float[] values, Shape shape)
    {
        int area = shape[3] * shape[4];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i / area % shape[2] == shape[2] - 1 ? values[i] : 0;
        }
    }

    // Each channel's latest frame goes on (to both frames, where time doubles); the rest of what was drawn is small beside it.
    private static void PassLatest(float[] values, Shape shape)
    {
        (int inputs, int taps) = (shape[1], shape[2]);
        for (int i = 0; i < values.Length; i++)
        {
            (int output, int input, int tap) = (i / (inputs * taps), i / taps % inputs, i % taps);
            values[i] = (float)(OffLatestGain * values[i]) + (input == output % inputs && tap == taps - 1 ? 1 : 0);
        }
    }
}
