using RewardForcing.Native.Generation;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Teaches the critic what the student makes now: flow matching on generated clips.</summary>
/// <param name="Critic">The network in training.</param>
/// <param name="Noising">The student's schedule.</param>
/// <remarks>Spec: training 3.5.</remarks>
public sealed record CriticLoss(ScoreNetwork Critic, FlowMatchSchedule Noising)
{
    /// <summary>Computes <c>mean((v̂ - (ε - z))²)</c>.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="z">Generated clip, <c>[B, F, C, H, W]</c>; no gradient flows to it.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="form">Which flow is compared.</param>
    /// <returns>The loss, <c>[]</c>, and the flow v̂.</returns>
    public (Tensor Loss, Tensor Flow) Flow(Pass pass, Tensor z, Tensor noise, float[] timesteps, Tensor text, CriticFlow form = CriticFlow.Direct)
    {
        (Tensor noisy, float[] sigmas) = Noised(pass, z, noise, timesteps);
        (Tensor flow, Tensor x0) = Critic.Predict(pass, noisy, timesteps, text);
        if (form == CriticFlow.Reference)
        {
            Tensor rest = LinearCombination.Forward(pass, x0.DType, (1, noisy), (-1, x0));
            flow = pass.Reshape(LatentRows.Scaled(pass, LatentRows.Frames(pass, rest), Array.ConvertAll(sigmas, static sigma => 1 / sigma)), z.Shape);
        }

        return (LatentRows.MeanSquare(pass, LinearCombination.Forward(pass, flow.DType, (1, flow), (-1, noise), (1, z))), flow);
    }

    /// <summary>Computes <c>mean((z - x0)²)</c>, the loss type <c>x0</c>.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="z">Generated clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    public Tensor X0(Pass pass, Tensor z, Tensor noise, float[] timesteps, Tensor text)
    {
        Tensor noisy = Noised(pass, z, noise, timesteps).Noisy;
        Tensor x0 = Critic.Predict(pass, noisy, timesteps, text).X0;
        return LatentRows.MeanSquare(pass, LinearCombination.Forward(pass, x0.DType, (1, z), (-1, x0)));
    }

    private (Tensor Noisy, float[] Sigmas) Noised(Pass pass, Tensor z, Tensor noise, float[] timesteps)
    {
        float[] sigmas = LatentRows.Repeat(Array.ConvertAll(timesteps, Noising.SigmaOf), z.Shape[1]);
        return (LatentRows.Noised(pass, z, noise, sigmas), sigmas);
    }
}
