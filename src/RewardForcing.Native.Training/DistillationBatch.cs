using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>One micro-batch: prompts, and everything drawn for it.</summary>
/// <param name="Text">Prompts, <c>[B, S, text_dim]</c>.</param>
/// <param name="Draws">Noise and exit steps of the roll-out.</param>
/// <param name="Timesteps">Where the score is asked, one for each sample; see <see cref="ScoreTimesteps"/>.</param>
/// <param name="Noise">Put on the clip for that, <c>[B, F, C, H, W]</c>.</param>
/// <param name="Negative">The negative prompt, <c>[B, S, text_dim]</c>; not needed by the critic.</param>
/// <param name="Initial">A given first latent, <c>[B, 1, C, H, W]</c>; null for none.</param>
public sealed record DistillationBatch(Tensor Text, RolloutDraws Draws, float[] Timesteps, Tensor Noise, Tensor? Negative = null, Tensor? Initial = null)
{
    /// <summary>Clean clips of data, <c>[B, F, C, H, W]</c>; null where the student needs none.</summary>
    public Tensor? Clean { get; init; }

    /// <summary>The prompts themselves, for rewards that read them.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];
}
