using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>The start of a causal student: from points on the teacher's trajectories to their ends.</summary>
/// <param name="Model">The causal network in training.</param>
/// <param name="Schedule">Turns flow into clean latents.</param>
/// <remarks>CausVid (Yin et al. 2024), ODE initialisation. Spec: training 3.9.</remarks>
public sealed record OdeRegressionLoss(WanTransformer Model, FlowMatchSchedule Schedule)
{
    /// <summary>Computes the mean of <c>(x0 - end)²</c> over the frames whose timestep is not 0.</summary>
    /// <param name="pass">A training pass.</param>
    /// <param name="points">A point on the trajectory of each frame, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="ends">Their clean ends, same shape.</param>
    /// <param name="timesteps">B·F of them, those of the points.</param>
    /// <param name="text">Prompts, <c>[B, S, text_dim]</c>.</param>
    /// <param name="mask">The causal mask.</param>
    /// <returns>The loss, <c>[]</c>, flow and clean prediction.</returns>
    /// <exception cref="ArgumentException">All timesteps are 0.</exception>
    public (Tensor Loss, Tensor Flow, Tensor X0) Forward(Pass pass, Tensor points, Tensor ends, float[] timesteps, Tensor text, TrainingMask mask)
    {
        int counted = timesteps.Count(static timestep => timestep != 0);
        if (counted == 0)
        {
            throw new ArgumentException("ode regression: all frames have timestep 0 and none counts; give at least one another.", nameof(timesteps));
        }

        (Tensor flow, Tensor x0) = new NoisedClipStudent(Model, Schedule).Predict(pass, points, timesteps, text, mask);
        Tensor difference = LatentRows.Frames(pass, LinearCombination.Forward(pass, DType.F32, (1, x0), (-1, ends)));
        float share = (float)timesteps.Length / counted;
        Tensor squares = LatentRows.Scaled(pass, Multiply.Forward(pass, difference, difference), Array.ConvertAll(timesteps, timestep => timestep == 0 ? 0 : share));
        return (Reduce.Mean(pass, squares), flow, x0);
    }
}
