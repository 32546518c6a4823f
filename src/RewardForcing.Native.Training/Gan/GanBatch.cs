using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>One micro-batch of adversarial training: prompts, clips of data, and everything drawn.</summary>
/// <param name="Text">Prompts, <c>[B, S, text_dim]</c>.</param>
/// <param name="Draws">Noise and exit steps of the roll-out.</param>
/// <param name="Timesteps">The level at which clips are judged, one for each sample; see <see cref="ScoreTimesteps"/>.</param>
/// <param name="Real">Clips of data, <c>[B, F, C, H, W]</c>.</param>
/// <param name="Noise">Standard normal, same shape: put on generated clips, and for the discriminator on real ones too.</param>
/// <param name="RealNoise">Standard normal, put on real clips when the student learns.</param>
/// <param name="Initial">A given first latent, <c>[B, 1, C, H, W]</c>, such as the first of <paramref name="Real"/>; null for none.</param>
public sealed record GanBatch(Tensor Text, RolloutDraws Draws, float[] Timesteps, Tensor Real, Tensor Noise, Tensor RealNoise, Tensor? Initial = null)
{
    /// <summary>Standard normal, the direction of the slope at real clips; null where its weight is 0.</summary>
    public Tensor? RealSlope { get; init; }

    /// <summary>The same for generated clips.</summary>
    public Tensor? FakeSlope { get; init; }
}
