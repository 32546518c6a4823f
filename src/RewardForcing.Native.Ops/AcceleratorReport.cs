namespace RewardForcing.Native.Ops;

/// <summary>The GPUs that <c>--device cuda:N</c> can use.</summary>
/// <param name="Devices">One line for each, in order of N: product, compute capability, memory.</param>
/// <param name="Problem">Where there is none: one sentence on why, and what to do.</param>
public sealed record AcceleratorReport(IReadOnlyList<string> Devices, string? Problem);
