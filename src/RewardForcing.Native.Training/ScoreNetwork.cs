using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>A bidirectional network that predicts the flow of a noisy clip: the teacher or the critic of distribution matching.</summary>
/// <param name="Model">The network.</param>
/// <param name="Schedule">The schedule that turns its flow into a clean latent; shift 8 in the reference, whatever the student's is.</param>
/// <remarks>Spec: training 1.1, 1.3, 3.2.</remarks>
public sealed record ScoreNetwork(WanTransformer Model, FlowMatchSchedule Schedule)
{
    /// <summary>Predicts flow and clean latent.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="noisy">Noisy clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Text encoder output, <c>[B, S, text_dim]</c>.</param>
    /// <returns>Both <c>[B, F, C, H, W]</c>.</returns>
    public (Tensor Flow, Tensor X0) Predict(Pass pass, Tensor noisy, ReadOnlySpan<float> timesteps, Tensor text)
    {
        Tensor flow = LatentRows.Turned(pass, Model.Forward(pass, LatentRows.Turned(pass, noisy), timesteps, text));
        var sigmas = new float[timesteps.Length];
        for (int i = 0; i < sigmas.Length; i++)
        {
            sigmas[i] = Schedule.SigmaOf(timesteps[i]);
        }

        Tensor x0 = FlowToX0.Forward(pass, LatentRows.Frames(pass, flow), LatentRows.Frames(pass, noisy), LatentRows.Repeat(sigmas, noisy.Shape[1]));
        return (flow, pass.Reshape(x0, noisy.Shape));
    }
}
