namespace RewardForcing.Native.Benchmarks;

/// <summary>One timing of a workload.</summary>
/// <param name="Seconds">Of one call.</param>
/// <param name="Peak">Operations per second the same threads could do right before and after.</param>
/// <param name="Others">Cores other processes took meanwhile; NaN where unknown.</param>
internal readonly record struct Sample(double Seconds, double Peak, double Others)
{
    private const double QuietCores = 0.15;

    /// <summary>Whether others left the machine alone, as far as is known.</summary>
    public bool IsQuiet => !(Others >= QuietCores);
}
