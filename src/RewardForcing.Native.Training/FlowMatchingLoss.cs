using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Flow matching with a noise level for each frame: bidirectional pre-training, diffusion forcing and teacher forcing, by the mask that is given.</summary>
/// <param name="Model">The network in training.</param>
/// <param name="Schedule">Noise levels and weights.</param>
/// <remarks>Spec: training 3.9. Chen et al. 2024 (diffusion forcing).</remarks>
public sealed record FlowMatchingLoss(WanTransformer Model, FlowMatchSchedule Schedule)
{
    /// <summary>Whether noise levels count as the schedule weighs them, the middle most (as the reference does), or all the same.</summary>
    public bool IsWeighted { get; init; } = true;

    /// <summary>Computes the mean over frames of <c>w(t) · mean((v - (ε - x0))²)</c>.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="clean">Clean clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">B·F of them.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="mask">Causal mask and clean context of teacher forcing; null for a bidirectional network.</param>
    /// <returns>The loss, <c>[]</c>, the noisy clip and the flow.</returns>
    public (Tensor Loss, Tensor Noisy, Tensor Flow) Forward(Pass pass, Tensor clean, Tensor noise, float[] timesteps, Tensor text, TrainingMask? mask = null)
    {
        Tensor noisy = LatentRows.Noised(pass, clean, noise, Array.ConvertAll(timesteps, Schedule.SigmaOf));
        Tensor flow = LatentRows.Turned(pass, Model.Forward(pass, LatentRows.Turned(pass, noisy), timesteps, text, null, mask));
        Tensor difference = LatentRows.Frames(pass, LinearCombination.Forward(pass, DType.F32, (1, flow), (-1, noise), (1, clean)));
        Tensor squares = Multiply.Forward(pass, difference, difference);
        return (Reduce.Mean(pass, IsWeighted ? LatentRows.Scaled(pass, squares, Array.ConvertAll(timesteps, Schedule.TrainingWeightOf)) : squares), noisy, flow);
    }
}
