namespace RewardForcing.Native.Benchmarks;

/// <summary>What came of timing a workload with a number of threads.</summary>
internal sealed class TimedCase
{
    // With fewer quiet samples than these, all samples count and the row is marked.
    private const int EnoughQuiet = 3;

    private readonly Sample[] _counted;

    public TimedCase(WorkloadSpec spec, int threads, double flops, IReadOnlyList<Sample> samples)
    {
        (Spec, Threads, Flops, Samples) = (spec, threads, flops, samples);
        Sample[] quiet = [.. samples.Where(static sample => sample.IsQuiet)];
        IsDisturbed = quiet.Length < Math.Min(EnoughQuiet, samples.Count);
        _counted = IsDisturbed ? [.. samples] : quiet;
    }

    public WorkloadSpec Spec { get; }

    public int Threads { get; }

    public double Flops { get; }

    public IReadOnlyList<Sample> Samples { get; }

    /// <summary>Whether too few samples were undisturbed to leave the others out.</summary>
    public bool IsDisturbed { get; }

    /// <summary>Median seconds of a call.</summary>
    public double Seconds => Median(static sample => sample.Seconds);

    public double Fastest => _counted.Min(static sample => sample.Seconds);

    public double Slowest => _counted.Max(static sample => sample.Seconds);

    /// <summary>Operations per second.</summary>
    public double Rate => Flops / Seconds;

    /// <summary>Median of the peaks read next to the samples.</summary>
    public double Peak => Median(static sample => sample.Peak);

    /// <summary>Median of the shares of the peak, each sample against its own reading.</summary>
    public double Share => Median(sample => Flops / sample.Seconds / sample.Peak);

    private double Median(Func<Sample, double> value)
    {
        double[] sorted = [.. _counted.Select(value).Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
