using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim;

/// <summary>A call that is made to fail.</summary>
/// <param name="Call">Name of a method of <see cref="CudaDriver"/>, such as <c>AllocateAsync</c>.</param>
/// <param name="At">Which of its calls fails, counted from 1.</param>
/// <param name="Result">What it returns.</param>
/// <param name="Stays">Whether all later calls fail as well.</param>
/// <remarks>The call does nothing else. A status of 700 to 719 is sticky, as on a real device.</remarks>
public sealed record InjectedFailure(string Call, int At, CuResult Result, bool Stays = false);
