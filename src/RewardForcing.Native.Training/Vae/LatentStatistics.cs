using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Mean and standard deviation of each channel of the latents of a data set, before they are normalised.</summary>
/// <param name="Mean">Of each channel.</param>
/// <param name="Deviation">Of each channel, above 0.</param>
public sealed record LatentStatistics(IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation)
{
    /// <summary>Measures the means that a network encodes videos to.</summary>
    /// <param name="vae">The network.</param>
    /// <param name="clips">Videos, <c>[F, H, W, 3]</c>, 0 to 255; frames that fill no group of four are left out.</param>
    /// <param name="count">How many clips to look at, spread over the store.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InvalidOperationException">A channel is the same everywhere or not finite.</exception>
    public static LatentStatistics Measure(WanVae vae, IClipStore clips, int count, CancellationToken cancellation = default)
    {
        int channels = vae.Config.LatentChannels;
        double[] sums = new double[channels], squares = new double[channels];
        long rows = 0;
        int used = Math.Min(count, clips.Count);
        VideoCrops whole = new(clips, 0);
        whole.Check(1);
        for (int i = 0; i < used; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using Pass pass = Pass.Inference(vae.Device, cancellation);
            float[] moments = vae.EncodeMoments(pass, whole.Whole(pass, (int)((long)i * clips.Count / used))).ToFloats();
            for (int at = 0; at < moments.Length; at += 2 * channels, rows++)
            {
                for (int c = 0; c < channels; c++)
                {
                    sums[c] += moments[at + c];
                    squares[c] += (double)moments[at + c] * moments[at + c];
                }
            }
        }

        double[] mean = Array.ConvertAll(sums, sum => sum / rows);
        double[] deviation = [.. squares.Select((square, c) => Math.Sqrt(Math.Max(0, (square / rows) - (mean[c] * mean[c]))))];
        int dead = Array.FindIndex(deviation, static value => !(value > 1e-6 && double.IsFinite(value)));
        return dead < 0 ? new LatentStatistics(mean, deviation)
            : throw new InvalidOperationException($"latent statistics: channel {dead} has the deviation {deviation[dead]} over {used} clips and carries nothing; train the VAE longer or with a smaller kl_weight.");
    }

    /// <summary>What the latents of a network have whose file was written before: what <paramref name="config"/> assumes. Folding it changes nothing.</summary>
    /// <param name="config">The mean and deviation.</param>
    public static LatentStatistics Assumed(VaeConfig config) => new(
        [.. config.LatentMean.Take(config.LatentChannels).Select(static value => (double)value)],
        [.. config.LatentStd.Take(config.LatentChannels).Select(static value => (double)value)]);

    /// <summary>
    /// Rewrites the last layer of an encoder and the first of its decoder so that latents have the mean and deviation that
    /// <paramref name="config"/> assumes; pixels stay the same, and the file is an ordinary one of Wan.
    /// </summary>
    /// <param name="config">The mean and deviation wanted.</param>
    /// <param name="value">The network's weights by name; only <c>conv1</c> and <c>conv2</c> are asked for.</param>
    /// <returns>The four arrays that change, by name.</returns>
    /// <remarks>
    /// With m, s measured and M, S wanted: <c>u' = (u - m) S / s + M</c>, so the mean's rows of conv1 are scaled and shifted, the logarithms of
    /// the variance shifted by <c>2 ln(S / s)</c>, and conv2 takes <c>u = (u' - M) s / S + m</c> back.
    /// </remarks>
    public IReadOnlyDictionary<string, float[]> Fold(VaeConfig config, Func<string, float[]> value)
    {
        int z = Mean.Count;
        float[] into = [.. value("conv1.weight")], intoBias = [.. value("conv1.bias")], from = [.. value("conv2.weight")], fromBias = [.. value("conv2.bias")];
        double[] added = new double[z];
        for (int c = 0; c < z; c++)
        {
            double grow = config.LatentStd[c] / Deviation[c];
            for (int k = 0; k < 2 * z; k++)
            {
                into[(c * 2 * z) + k] = (float)(into[(c * 2 * z) + k] * grow);
            }

            intoBias[c] = (float)(((intoBias[c] - Mean[c]) * grow) + config.LatentMean[c]);
            intoBias[c + z] += (float)(2 * Math.Log(grow));
            for (int o = 0; o < z; o++)
            {
                double weight = from[(o * z) + c];
                added[o] += weight * (Mean[c] - (config.LatentMean[c] / grow));
                from[(o * z) + c] = (float)(weight / grow);
            }
        }

        for (int o = 0; o < z; o++)
        {
            fromBias[o] = (float)(fromBias[o] + added[o]);
        }

        return new Dictionary<string, float[]> { ["conv1.weight"] = into, ["conv1.bias"] = intoBias, ["conv2.weight"] = from, ["conv2.bias"] = fromBias };
    }
}
