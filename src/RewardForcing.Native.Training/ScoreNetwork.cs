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
    public (Tensor Flow, Tensor X0) Predict(Pass pass, Tensor noisy, float[] timesteps, Tensor text)
    {
        Tensor flow = LatentRows.Turned(pass, Model.Forward(pass, LatentRows.Turned(pass, noisy), timesteps, text));
        return (flow, LatentRows.Clean(pass, flow, noisy, Array.ConvertAll(timesteps, Schedule.SigmaOf)));
    }

    /// <summary>Predicts the clean latent with guidance: <c>with + guidance (with - without)</c>; with 0 the network is asked once.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="noisy">Noisy clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="timesteps">One for each sample.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="negative">The negative prompt, <c>[B, S, text_dim]</c>.</param>
    /// <param name="guidance">Factor of the difference.</param>
    public Tensor Guided(Pass pass, Tensor noisy, float[] timesteps, Tensor text, Tensor negative, double guidance)
    {
        Tensor with = Predict(pass, noisy, timesteps, text).X0;
        return guidance == 0 ? with : LinearCombination.Forward(pass, with.DType, (1 + guidance, with), (-guidance, Predict(pass, noisy, timesteps, negative).X0));
    }
}
