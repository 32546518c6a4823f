using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>What BenchmarkDotNet's iterations measured besides their time, by case and number of threads.</summary>
/// <remarks>BenchmarkDotNet makes its own instances of <see cref="WorkloadBenchmark"/>, so they and the table meet here.</remarks>
internal sealed class BenchmarkRuns
{
    private readonly Dictionary<(string Name, int Threads), (WorkloadSpec Spec, double Flops, List<Sample> Samples)> _runs = [];
    private int _warmUps;

    /// <summary>Of this process.</summary>
    public static BenchmarkRuns Current { get; } = new();

    /// <summary>The cases.</summary>
    public IReadOnlyList<WorkloadSpec> Cases { get; private set; } = [];

    /// <summary>The numbers of threads.</summary>
    public IReadOnlyList<int> Threads { get; private set; } = [];

    /// <summary>Takes over what is to be timed.</summary>
    /// <param name="options">From the command line.</param>
    /// <param name="warmUps">Iterations of each case that do not count.</param>
    public void Begin(BenchOptions options, int warmUps) => (Cases, Threads, _warmUps) = (options.Cases, options.Threads, warmUps);

    /// <summary>Starts a case over.</summary>
    public void Start(WorkloadSpec spec, int threads, double flops) => _runs[(spec.Name, threads)] = (spec, flops, []);

    /// <summary>Adds an iteration.</summary>
    public void Add(WorkloadSpec spec, int threads, Sample sample) => _runs[(spec.Name, threads)].Samples.Add(sample);

    /// <summary>The result of a case, null if it has not run.</summary>
    public TimedCase? Result(WorkloadSpec spec, int threads)
    {
        return _runs.TryGetValue((spec.Name, threads), out (WorkloadSpec Spec, double Flops, List<Sample> Samples) run) && run.Samples.Count > _warmUps
            ? new TimedCase(run.Spec, threads, run.Flops, run.Samples[_warmUps..])
            : null;
    }

    /// <summary>All results, in the order of the options.</summary>
    public List<TimedCase> Results() =>
        [.. Threads.SelectMany(threads => Cases.Select(spec => Result(spec, threads))).OfType<TimedCase>()];
}
