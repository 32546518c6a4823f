using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The normal distribution with a diagonal covariance that an encoder's moments describe.</summary>
/// <remarks>Kingma and Welling 2014. Logarithms of variances are cut off at -30 and 20, as in latent diffusion.</remarks>
public static class LatentDistribution
{
    private const float Lowest = -30;
    private const float Highest = 20;

    /// <summary>Draws a sample that gradients flow through: <c>z = mean + exp(logvar / 2) · noise</c>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="moments">Mean, then logarithm of the variance, <c>[B, F, H, W, 2z]</c>, F32 or BF16.</param>
    /// <param name="noise">Standard normal, <c>[B, F, H, W, z]</c>.</param>
    /// <returns><c>[B, F, H, W, z]</c>, of the type of the moments.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public static Tensor Sample(Pass pass, Tensor moments, Tensor noise)
    {
        int channels = Channels("latent sample", moments);
        if (noise.Shape != moments.Shape.With(4, channels))
        {
            throw new ArgumentException($"latent sample: noise must be {moments.Shape.With(4, channels)} for moments {moments.Shape}, got {noise.Shape}.", nameof(noise));
        }

        float[] given = moments.ToFloats(), drawn = noise.ToFloats(), slopes = new float[drawn.Length], sample = new float[drawn.Length];
        for (int i = 0; i < sample.Length; i++)
        {
            int at = Position(i, channels);
            float logVariance = given[at + channels], deviation = MathF.Exp(0.5f * Math.Clamp(logVariance, Lowest, Highest));
            sample[i] = given[at] + (deviation * drawn[i]);
            slopes[i] = logVariance is > Lowest and < Highest ? 0.5f * deviation * drawn[i] : 0;
        }

        Tensor z = Typed(pass, noise.Shape, sample, moments.DType);
        pass.Record(z, [moments], [], (back, dz) =>
        {
            float[] grads = dz.ToFloats(), both = new float[given.Length];
            for (int i = 0; i < grads.Length; i++)
            {
                int at = Position(i, channels);
                (both[at], both[at + channels]) = (grads[i], grads[i] * slopes[i]);
            }

            return [Typed(back, moments.Shape, both, moments.DType)];
        });
        return z;
    }

    /// <summary>Computes the divergence from the standard normal distribution, <c>mean(½ (mean² + exp(logvar) - 1 - logvar))</c> over all latent elements.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="moments">Mean, then logarithm of the variance, <c>[B, F, H, W, 2z]</c>, F32 or BF16.</param>
    /// <returns>One F32 element, shape <c>[]</c>.</returns>
    /// <remarks>A mean, so that its weight does not depend on sizes; latent diffusion adds up and divides by the batch.</remarks>
    public static Tensor Divergence(Pass pass, Tensor moments)
    {
        int channels = Channels("latent divergence", moments);
        float[] given = moments.ToFloats(), slopes = new float[given.Length];
        double sum = 0;
        int count = given.Length / 2;
        for (int i = 0; i < count; i++)
        {
            int at = Position(i, channels);
            float mean = given[at], logVariance = Math.Clamp(given[at + channels], Lowest, Highest);
            double variance = Math.Exp(logVariance);
            sum += 0.5 * (((double)mean * mean) + variance - 1 - logVariance);
            slopes[at] = mean / count;
            slopes[at + channels] = logVariance == given[at + channels] ? (float)(0.5 * (variance - 1) / count) : 0;
        }

        Tensor divergence = pass.From<float>(new Shape([]), [(float)(sum / count)]);
        pass.Record(divergence, [moments], [], (back, dy) =>
        {
            float factor = dy.ToFloats()[0];
            return [Typed(back, moments.Shape, Array.ConvertAll(slopes, slope => slope * factor), moments.DType)];
        });
        return divergence;
    }

    private static int Channels(string op, Tensor moments) => moments.Shape.Rank == 5 && moments.Shape[4] % 2 == 0
        ? moments.Shape[4] / 2
        : throw new ArgumentException($"{op}: moments must be [B, F, H, W, 2z], got {moments.Shape}.", nameof(moments));

    // Where the mean of latent element i is; the logarithm of its variance is as many channels further on.
    private static int Position(int i, int channels) => (i / channels * 2 * channels) + (i % channels);

    private static Tensor Typed(Pass pass, Shape shape, float[] values, DType dtype)
    {
        Tensor tensor = pass.From<float>(shape, values);
        return dtype == DType.F32 ? tensor : Cast.Forward(pass, tensor, dtype);
    }
}
