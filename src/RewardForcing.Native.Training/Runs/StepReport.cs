namespace RewardForcing.Native.Training;

/// <summary>What the logs tell of an optimiser step.</summary>
/// <param name="Values">Numbers by the keys of the reference's log (<c>generator_loss</c>, <c>critic_grad_norm</c>, ...) and ours.</param>
/// <param name="Seconds">Seconds of each phase, such as <c>rollout</c>, <c>score</c>, <c>backward</c>, <c>optimizer</c>.</param>
/// <remarks>Spec: training 4.9.</remarks>
public sealed record StepReport(IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, double> Seconds);
