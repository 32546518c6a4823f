using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The student of CausVid: clips of data, each block noised to one of the denoising steps, cleaned in one pass under the causal mask.</summary>
/// <param name="Student">The causal network.</param>
/// <param name="Schedule">Its noise levels.</param>
/// <remarks>Yin et al. 2024 (CausVid). Spec: training 3.6.</remarks>
public sealed record NoisedClipStudent(WanTransformer Student, FlowMatchSchedule Schedule)
{
    /// <summary>Predicts the clean clip.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="noisy">Noisy clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="timesteps">B·F of them.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="mask">The causal mask, and the clean context of teacher forcing.</param>
    /// <returns>Flow and clean prediction, <c>[B, F, C, H, W]</c>.</returns>
    public (Tensor Flow, Tensor X0) Predict(Pass pass, Tensor noisy, float[] timesteps, Tensor text, TrainingMask mask)
    {
        Tensor flow = LatentRows.Turned(pass, Student.Forward(pass, LatentRows.Turned(pass, noisy), timesteps, text, null, mask));
        return (flow, LatentRows.Clean(pass, flow, noisy, Array.ConvertAll(timesteps, Schedule.SigmaOf)));
    }

    /// <summary>Noises a clip frame by frame; frames with timestep 0 stay clean.</summary>
    /// <param name="pass">Where to run.</param>
    /// <param name="clean">Clean clip, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="noise">Standard normal, same shape.</param>
    /// <param name="timesteps">B·F of them.</param>
    public Tensor Noised(Pass pass, Tensor clean, Tensor noise, float[] timesteps) =>
        LatentRows.Noised(pass, clean, noise, Array.ConvertAll(timesteps, timestep => timestep == 0 ? 0 : Schedule.SigmaOf(timestep)));
}
