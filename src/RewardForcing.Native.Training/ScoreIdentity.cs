using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Score identity distillation: a loss whose gradient also goes through what teacher and critic see.</summary>
/// <param name="Teacher">Score of the data.</param>
/// <param name="Critic">Score of what the student makes.</param>
/// <param name="Noising">The student's schedule.</param>
/// <remarks>Zhou et al. 2024 (SiD). Spec: training 3.7.</remarks>
public sealed record ScoreIdentity(ScoreNetwork Teacher, ScoreNetwork Critic, FlowMatchSchedule Noising)
{
    /// <summary>Weight of the squared difference of the scores; key <c>sid_alpha</c>.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Factor of the difference between the teacher's predictions with and without the prompt.</summary>
    public double TeacherGuidance { get; init; } = 3;

    /// <summary>
    /// Computes <c>mean((r - f) · ((r - z) - alpha (r - f)) / mean|z - r|)</c>, r and f the teacher's and the critic's clean predictions, and its gradient by
    /// the clip. If the critic is trainable its weights get gradients too; they are nobody's, and are to be cleared before its own step.
    /// </summary>
    /// <param name="pass">Owns the results; nothing is recorded in it.</param>
    /// <param name="z">The clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="negative">The negative prompt, <c>[B, S, text_dim]</c>.</param>
    public MatchingGradient Gradient(Pass pass, Tensor z, Tensor noise, float[] timesteps, Tensor text, Tensor negative)
    {
        using Parameter clip = Parameter.New(z.Device, "clip", z.Shape, z.DType);
        clip.Value.CopyFrom(z);
        clip.Trainable = true;
        using Pass inner = Pass.Training(z.Device, pass.Cancellation);
        Tensor noisy = LatentRows.Noised(inner, clip, noise, Array.ConvertAll(timesteps, Noising.SigmaOf));
        Tensor fake = Critic.Predict(inner, noisy, timesteps, text).X0;
        Tensor real = Teacher.Guided(inner, noisy, timesteps, text, negative, TeacherGuidance);
        double[] normalisers = DistributionMatching.Normalisers(z.ToFloats(), real.ToFloats(), z.Shape[0]);
        Tensor apart = LinearCombination.Forward(inner, DType.F32, (1, real), (-1, fake));
        Tensor rest = LinearCombination.Forward(inner, DType.F32, (1, real), (-1, clip), (-Alpha, apart));
        float[] inverse = LatentRows.Repeat(Array.ConvertAll(normalisers, static value => (float)(1 / value)), z.Shape[1]);
        Tensor loss = Reduce.Mean(inner, LatentRows.Scaled(inner, LatentRows.Frames(inner, Multiply.Forward(inner, apart, rest)), inverse));
        inner.Backward(loss);
        Tensor seed = pass.From<float>(z.Shape, clip.Grad!.ToFloats());
        return new MatchingGradient(loss.ToFloats()[0], seed, seed, 0, normalisers)
        {
            Fake = LatentRows.Copy(pass, fake),
            Real = LatentRows.Copy(pass, real),
            Noisy = LatentRows.Copy(pass, noisy),
        };
    }
}
