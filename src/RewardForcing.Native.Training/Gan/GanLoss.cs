using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Adversarial losses: a discriminator judges generated and real clips noised to the same level.</summary>
/// <param name="Critic">The discriminator.</param>
/// <param name="Noising">The student's schedule.</param>
/// <param name="Settings">The numbers.</param>
/// <remarks>
/// With <c>s(x) = ln(1 + exp(x))</c>, D the logits: the student's loss is the mean of <c>s(-D(fake))</c>, the discriminator's that of <c>s(-D(real))</c>
/// plus that of <c>s(D(fake))</c>; relativistic ones take the mean of s of the difference of both. Jolicoeur-Martineau 2019. Spec: training 3.8.
/// </remarks>
public sealed record GanLoss(WanDiscriminator Critic, FlowMatchSchedule Noising, GanSettings Settings)
{
    /// <summary>Computes the student's loss and its gradient by the clip. The discriminator gets no gradients.</summary>
    /// <param name="pass">Owns the results; nothing is recorded in it.</param>
    /// <param name="fake">Generated clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="real">Clip of data, same shape.</param>
    /// <param name="fakeNoise">Standard normal, put on the generated clip.</param>
    /// <param name="realNoise">Standard normal, put on the real clip.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="factor">What loss and gradient are multiplied by, such as one over the number of micro-batches.</param>
    public (double Loss, Tensor Seed, float[] FakeLogits, float[] RealLogits) Generator(
        Pass pass, Tensor fake, Tensor real, Tensor fakeNoise, Tensor realNoise, float[] timesteps, Tensor text, double factor = 1)
    {
        Parameter[] trained = [.. Critic.Weights.Where(static parameter => parameter.Trainable)];
        Array.ForEach(trained, static parameter => parameter.Trainable = false);
        try
        {
            using Parameter clip = Parameter.New(fake.Device, "clip", fake.Shape, fake.DType);
            clip.Value.CopyFrom(fake);
            clip.Trainable = true;
            using Pass inner = Pass.Training(fake.Device, pass.Cancellation);
            float[] levels = Array.ConvertAll(timesteps, Noising.SigmaOf);
            Tensor fakeLogits = Judge(inner, LatentRows.Noised(inner, clip, fakeNoise, levels), timesteps, text);
            Tensor realLogits = Judge(inner, LatentRows.Noised(inner, real, realNoise, levels), timesteps, text);
            double weight = factor * Settings.GeneratorWeight;
            Tensor loss = Settings.IsRelativistic ? Softplus(inner, weight, (-1, fakeLogits), (1, realLogits)) : Softplus(inner, weight, (-1, fakeLogits));
            inner.Backward(loss);
            return (loss.ToFloats()[0], pass.From<float>(fake.Shape, clip.Grad!.ToFloats()), fakeLogits.ToFloats(), realLogits.ToFloats());
        }
        finally
        {
            Array.ForEach(trained, static parameter => parameter.Trainable = true);
        }
    }

    /// <summary>Computes the discriminator's loss and what it is made of.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="fake">Generated clip, <c>[B, F, C, H, W]</c>; no gradient flows to it.</param>
    /// <param name="real">Clip of data, same shape.</param>
    /// <param name="noise">Standard normal, put on both.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="realSlope">Standard normal, the direction the slope at real clips is taken in; null where its weight is 0.</param>
    /// <param name="fakeSlope">The same for generated clips.</param>
    /// <returns>Total, <c>[]</c>: loss and half of both slopes; its parts, and the logits.</returns>
    /// <exception cref="ArgumentException">A direction is missing.</exception>
    public (Tensor Total, double Loss, double RealSlope, double FakeSlope, float[] FakeLogits, float[] RealLogits) Discriminator(
        Pass pass, Tensor fake, Tensor real, Tensor noise, float[] timesteps, Tensor text, Tensor? realSlope = null, Tensor? fakeSlope = null)
    {
        float[] levels = Array.ConvertAll(timesteps, Noising.SigmaOf);
        (Tensor noisyFake, Tensor noisyReal) = (LatentRows.Noised(pass, fake, noise, levels), LatentRows.Noised(pass, real, noise, levels));
        (Tensor fakeLogits, Tensor realLogits) = (Judge(pass, noisyFake, timesteps, text), Judge(pass, noisyReal, timesteps, text));
        List<(double Factor, Tensor Term)> parts = Settings.IsRelativistic
            ? [(1, Softplus(pass, Settings.DiscriminatorWeight, (-1, realLogits), (1, fakeLogits)))]
            : [(1, Softplus(pass, Settings.DiscriminatorWeight, (-1, realLogits))), (1, Softplus(pass, Settings.DiscriminatorWeight, (1, fakeLogits)))];
        double loss = parts.Sum(static part => part.Term.ToFloats()[0]);
        double atReal = 0, atFake = 0;
        if (Settings.RealSlopeWeight > 0)
        {
            Tensor slope = Slope(pass, noisyReal, realLogits, Direction(realSlope, "r1_weight"), Settings.RealSlopeDistance, timesteps, text);
            atReal = Settings.RealSlopeWeight * slope.ToFloats()[0];
            parts.Add((0.5 * Settings.RealSlopeWeight, slope));
        }

        if (Settings.FakeSlopeWeight > 0)
        {
            Tensor slope = Slope(pass, noisyFake, fakeLogits, Direction(fakeSlope, "r2_weight"), Settings.FakeSlopeDistance, timesteps, text);
            atFake = Settings.FakeSlopeWeight * slope.ToFloats()[0];
            parts.Add((0.5 * Settings.FakeSlopeWeight, slope));
        }

        return (LinearCombination.Forward(pass, DType.F32, parts.ToArray()), loss, atReal, atFake, fakeLogits.ToFloats(), realLogits.ToFloats());
    }

    private static Tensor Direction(Tensor? given, string key) => given ?? throw new ArgumentException($"gan: {key} is above 0, so the direction of its slope has to be given.");

    private Tensor Judge(Pass pass, Tensor noisy, float[] timesteps, Tensor text) => Critic.Logits(pass, LatentRows.Turned(pass, noisy), timesteps, text);

    // The mean of ((D(x + σ ε) - D(x)) / σ)².
    private Tensor Slope(Pass pass, Tensor noisy, Tensor logits, Tensor direction, double distance, float[] timesteps, Tensor text)
    {
        Tensor moved = Judge(pass, LinearCombination.Forward(pass, noisy.DType, (1, noisy), (distance, direction)), timesteps, text);
        return LatentRows.MeanSquare(pass, LinearCombination.Forward(pass, DType.F32, (1 / distance, moved), (-1 / distance, logits)));
    }

    // weight · mean(ln(1 + exp(sum of the terms))), in double; logits are few.
    private static Tensor Softplus(Pass pass, double weight, params ReadOnlySpan<(double Factor, Tensor Term)> terms)
    {
        Tensor x = LinearCombination.Forward(pass, DType.F32, terms);
        float[] values = x.ToFloats();
        double sum = 0;
        foreach (double value in values)
        {
            sum += Math.Max(value, 0) + double.LogP1(Math.Exp(-Math.Abs(value)));
        }

        Tensor loss = pass.From<float>(new Shape([]), [(float)(weight * sum / values.Length)]);
        pass.Record(loss, [x], [], (back, dy) =>
        {
            double scale = dy.ToFloats()[0] * weight / values.Length;
            return [back.From<float>(x.Shape, Array.ConvertAll(values, value => (float)(scale / (1 + Math.Exp(-value)))))];
        });
        return loss;
    }
}
