using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Follows a teacher's trajectories from noise to clean latents and keeps points of them.</summary>
/// <param name="Model">The bidirectional teacher.</param>
/// <param name="Steps">Steps, and which points are kept.</param>
/// <param name="Guidance">Guidance in the usual form, <c>v = u + guidance (c - u)</c>; 1 for none.</param>
/// <param name="Type">Type of the activations, F32 or BF16.</param>
/// <remarks>
/// Euler steps of the noise levels themselves. The reference looks each level up in a table of 1000 when it turns flow into clean latents and back, which
/// scales its flow by up to half a thousandth; that detour is not here. Spec: training 5.4.
/// </remarks>
public sealed record OdeTeacher(WanTransformer Model, OdeSteps Steps, float Guidance, DType Type)
{
    /// <summary>Follows some trajectories at once. Each is what it would be alone.</summary>
    /// <param name="prompts">Their prompts, B of them.</param>
    /// <param name="negative">What guidance leads away from; may be null without guidance.</param>
    /// <param name="shape">Shape of one clip, <c>[F, C, H, W]</c>.</param>
    /// <param name="noise">Where they start, <c>[B, F, C, H, W]</c>.</param>
    /// <param name="stepDone">Told the number of steps that are done; may be null.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    /// <returns>Points of each, <c>[K, F, C, H, W]</c>, noise first and the clean end last.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or guidance has no negative prompt.</exception>
    public float[][] Follow(
        IReadOnlyList<PromptEmbedding> prompts, PromptEmbedding? negative, Shape shape, ReadOnlySpan<float> noise, Action<int>? stepDone = null, CancellationToken cancellation = default)
    {
        int size = checked((int)shape.Count);
        float[][] points = [.. prompts.Select(_ => new float[checked(Steps.Points * size)])];
        using Pass pass = Pass.Inference(Model.Device, cancellation);
        using WanContext context = Model.Prepare(pass, PromptTexts.Rows(pass, prompts), Type);
        using WanContext? away = negative is null || Guidance == 1 ? null : Model.Prepare(pass, PromptTexts.Rows(pass, [.. prompts.Select(_ => negative)]), Type);
        using BidirectionalSampler sampler = new(Model, new EulerSolver(Steps.Steps, Steps.Shift), Guidance);
        Tensor start = LatentRows.Turned(pass, pass.From(new Shape([prompts.Count, .. shape.ToArray()]), noise));
        Tensor end = sampler.Denoise(pass, context, away, start, null, stepDone, (step, sample) =>
        {
            for (int point = 0; point < Steps.Kept.Count; point++)
            {
                if (Steps.Kept[point] == step)
                {
                    Keep(pass, sample, points, point, size);
                }
            }
        });
        Keep(pass, end, points, Steps.Points - 1, size);
        return points;
    }

    private static void Keep(Pass pass, Tensor sample, float[][] points, int point, int size)
    {
        float[] values = LatentRows.Turned(pass, sample).ToFloats();
        for (int clip = 0; clip < points.Length; clip++)
        {
            values.AsSpan(clip * size, size).CopyTo(points[clip].AsSpan(point * size));
        }
    }
}
