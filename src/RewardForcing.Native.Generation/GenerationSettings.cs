using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>What all videos of a run have in common: how latents are made. The defaults are those of the published Reward Forcing run.</summary>
/// <remarks>Spec: models, sections 4.4, 5 and the end of Appendix D.</remarks>
public sealed record GenerationSettings
{
    /// <summary>How latents are made.</summary>
    public SamplerKind Sampler { get; init; } = SamplerKind.FewStepCausal;

    /// <summary>Steps of the few-step samplers, from 1000 down; a 0 at the end is ignored (<c>denoising_step_list</c>).</summary>
    public IReadOnlyList<int> DenoisingSteps { get; init; } = [1000, 750, 500, 250];

    /// <summary>Whether steps are looked up in the shifted schedule (<c>warp_denoising_step</c>).</summary>
    public bool WarpSteps { get; init; } = true;

    /// <summary>How far towards noise steps are moved (<c>timestep_shift</c>).</summary>
    public float TimestepShift { get; init; } = 5;

    /// <summary>Timestep, 0 to 1000, at which finished frames go into the caches (<c>context_noise</c>); no noise is put onto them.</summary>
    public float ContextTimestep { get; init; }

    /// <summary>Latent frames of a block (<c>num_frame_per_block</c>).</summary>
    public int FramesPerBlock { get; init; } = 3;

    /// <summary>Whether the first latent frame is a block of its own (<c>independent_first_frame</c>); starting from one image needs it.</summary>
    public bool IndependentFirstFrame { get; init; }

    /// <summary>How past frames are kept.</summary>
    public CachePolicy CachePolicy { get; init; } = CachePolicy.RewardForcing;

    /// <summary>How samplers of many steps go from noise to a video.</summary>
    public SolverKind Solver { get; init; } = SolverKind.UniPc;

    /// <summary>Steps of samplers of many steps.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Classifier-free guidance of samplers of many steps; 1 does without the negative prompt and takes half the time.</summary>
    public float Guidance { get; init; } = 3;

    /// <summary>Type of activations: F32 or BF16.</summary>
    public DType Type { get; init; } = DType.F32;

    /// <summary>Whether one block is decoded while the next is denoised; null does so where the machine has more than one core. The frames are the same.</summary>
    public bool? OverlapsDecoding { get; init; }

    /// <summary>Whether the sampler needs a negative prompt.</summary>
    public bool IsGuided => Sampler is SamplerKind.MultiStepCausal or SamplerKind.Bidirectional && Guidance != 1;

    /// <summary>Whether the video is made block by block.</summary>
    public bool IsCausal => Sampler is SamplerKind.FewStepCausal or SamplerKind.MultiStepCausal;

    /// <summary>Whether the sampler is one of few steps.</summary>
    public bool IsFewStep => Sampler is SamplerKind.FewStepCausal or SamplerKind.FewStepBidirectional;

    /// <summary>Timesteps of the few-step samplers on the schedule.</summary>
    /// <param name="schedule">Schedule with <see cref="TimestepShift"/>.</param>
    public float[] FewStepTimesteps(FlowMatchSchedule schedule)
    {
        int[] steps = [.. DenoisingSteps];
        if (steps.Length > 1 && steps[^1] == 0)
        {
            steps = steps[..^1];
        }

        return WarpSteps ? schedule.Warp(steps) : Array.ConvertAll(steps, static step => (float)step);
    }

    /// <summary>Refuses what cannot work.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value.</exception>
    public void Validate()
    {
        if (IsFewStep && (DenoisingSteps.Count == 0 || DenoisingSteps.Any(static step => step is < 0 or > FlowMatchSchedule.TrainTimesteps) || DenoisingSteps[0] == 0))
        {
            throw new ArgumentException($"settings: the denoising step list must hold steps from 1000 to 0, got [{string.Join(", ", DenoisingSteps)}].");
        }

        if (Sampler == SamplerKind.FewStepBidirectional && FewStepTimesteps(new FlowMatchSchedule(TimestepShift)).Length < 2)
        {
            throw new ArgumentException("settings: the bidirectional few-step sampler never runs the last step of its list, so it needs at least two.");
        }

        if (!IsFewStep && Steps < 1)
        {
            throw new ArgumentException($"settings: the number of steps must be at least 1, got {Steps}.");
        }

        if (!float.IsFinite(Guidance))
        {
            throw new ArgumentException($"settings: the guidance must be a number, got {Guidance}.");
        }

        if (!(ContextTimestep is >= 0 and <= FlowMatchSchedule.TrainTimesteps))
        {
            throw new ArgumentException($"settings: the context noise is a timestep from 0 to 1000, got {ContextTimestep}.");
        }

        if (FramesPerBlock < 1)
        {
            throw new ArgumentException($"settings: a block has at least 1 latent frame, got {FramesPerBlock}.");
        }

        if (Type is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"settings: activations are F32 or BF16, got {Type}.");
        }

        CachePolicy.Validate();
    }
}
