using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The distribution-matching gradient of a generated clip, plain or weighted by a reward.</summary>
/// <param name="Teacher">Score of the data.</param>
/// <param name="Critic">Score of what the student makes.</param>
/// <param name="Noising">The student's schedule, which noises clips for both; shift 5 in Reward Forcing.</param>
/// <remarks>Yin et al. 2024 (DMD); Reward Forcing (arXiv 2512.04678), Re-DMD. Spec: training 3.2 and 3.3.</remarks>
public sealed record DistributionMatching(ScoreNetwork Teacher, ScoreNetwork Critic, FlowMatchSchedule Noising)
{
    /// <summary>Factor of the difference between the teacher's predictions with and without the prompt, added to the one with it; 3 in Reward Forcing, which others call a guidance of 4.</summary>
    public double TeacherGuidance { get; init; } = 3;

    /// <summary>The same for the critic, added to its prediction with the prompt; 0 asks it only once.</summary>
    public double CriticGuidance { get; init; }

    /// <summary>Computes the gradient; nothing is recorded.</summary>
    /// <param name="pass">An inference pass.</param>
    /// <param name="z">The clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">One for each sample, 20 to 980; see <see cref="ScoreTimesteps"/>.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="negative">The negative prompt, <c>[B, S, text_dim]</c>.</param>
    /// <param name="weight">From <see cref="RewardWeight"/>; 1 for plain distribution matching.</param>
    /// <param name="mask">Which elements count, <c>[B, F, C, H, W]</c>, 0 or 1; null for all.</param>
    /// <returns>Loss, gradient and what they were made of; tensors are owned by the pass.</returns>
    public MatchingGradient Gradient(
        Pass pass, Tensor z, Tensor noise, float[] timesteps, Tensor text, Tensor negative, double weight = 1, Tensor? mask = null) =>
        Gradient(pass, z, noise, timesteps, text, negative, [.. Enumerable.Repeat(weight, z.Shape[0])], mask);

    /// <summary>The same with a weight for each sample.</summary>
    /// <param name="pass">An inference pass.</param>
    /// <param name="z">The clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="negative">The negative prompt, <c>[B, S, text_dim]</c>.</param>
    /// <param name="weights">One for each sample.</param>
    /// <param name="mask">Which elements count; null for all.</param>
    public MatchingGradient Gradient(
        Pass pass, Tensor z, Tensor noise, float[] timesteps, Tensor text, Tensor negative, IReadOnlyList<double> weights, Tensor? mask = null)
    {
        Tensor noisy = LatentRows.Noised(pass, z, noise, Array.ConvertAll(timesteps, Noising.SigmaOf));
        Tensor fake = Critic.Guided(pass, noisy, timesteps, text, negative, CriticGuidance);
        Tensor real = Teacher.Guided(pass, noisy, timesteps, text, negative, TeacherGuidance);
        (float[] gradient, double[] normalisers) = Normalised(z.ToFloats(), fake.ToFloats(), real.ToFloats(), z.Shape[0], Finite(z.DType));
        return Seed(pass, z, gradient, normalisers, weights, mask?.ToFloats()) with { Noisy = noisy, Fake = fake, Real = real };
    }

    /// <summary>Computes <c>g = (fake - real) / mean|z - real|</c> sample by sample; NaN becomes 0, infinities the largest number.</summary>
    /// <param name="z">The clip.</param>
    /// <param name="fake">The critic's clean prediction.</param>
    /// <param name="real">The teacher's, guided.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="largest">The largest finite number of the activations' type.</param>
    public static (float[] Gradient, double[] Normalisers) Normalised(float[] z, float[] fake, float[] real, int batch, float largest)
    {
        double[] normalisers = Normalisers(z, real, batch);
        var gradient = new float[z.Length];
        int length = z.Length / Math.Max(batch, 1);
        for (int i = 0; i < gradient.Length; i++)
        {
            double value = ((double)fake[i] - real[i]) / normalisers[i / length];
            gradient[i] = double.IsNaN(value) ? 0 : (float)Math.Clamp(value, -largest, largest);
        }

        return (gradient, normalisers);
    }

    /// <summary>Computes <c>mean|z - real|</c> of each sample.</summary>
    internal static double[] Normalisers(float[] z, float[] real, int batch)
    {
        var normalisers = new double[batch];
        int length = z.Length / Math.Max(batch, 1);
        for (int sample = 0; sample < batch; sample++)
        {
            int first = sample * length;
            double sum = 0;
            for (int i = first; i < first + length; i++)
            {
                sum += Math.Abs((double)z[i] - real[i]);
            }

            normalisers[sample] = sum / length;
        }

        return normalisers;
    }

    private static MatchingGradient Seed(Pass pass, Tensor z, float[] gradient, double[] normalisers, IReadOnlyList<double> weights, float[]? mask)
    {
        long counted = mask is null ? gradient.Length : mask.LongCount(static value => value != 0);
        int length = gradient.Length / Math.Max(weights.Count, 1);
        double squares = 0, size = 0;
        var seed = new float[gradient.Length];
        for (int i = 0; i < gradient.Length; i++)
        {
            size += Math.Abs((double)gradient[i]);
            if (mask is null || mask[i] != 0)
            {
                double weight = weights[i / length];
                squares += weight * gradient[i] * gradient[i];
                seed[i] = (float)(weight * gradient[i] / counted);
            }
        }

        return new MatchingGradient(0.5 * squares / counted, pass.From<float>(z.Shape, seed), pass.From<float>(z.Shape, gradient), size / gradient.Length, normalisers);
    }

    private static float Finite(DType type) => type == DType.BF16 ? 3.3895314e38f : float.MaxValue;
}
