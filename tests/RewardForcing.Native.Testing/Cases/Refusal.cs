using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>A call that must give an <see cref="ArgumentException"/> whose message names the op and says all of <paramref name="Says"/>.</summary>
/// <param name="Call">The call.</param>
/// <param name="Says">The argument, what was expected, what came.</param>
public sealed record Refusal(Action<Pass> Call, params string[] Says);
