using System.Diagnostics;
using BenchmarkDotNet.Attributes;

namespace RewardForcing.Native.Benchmarks;

/// <summary>A workload as a benchmark; a peak is read before and after every iteration.</summary>
public class WorkloadBenchmark
{
    private Workload? _workload;
    private Disturbance _disturbance;
    private double _peak;
    private int _calls;
    private double _seconds;

    /// <summary>All cases.</summary>
    public static IEnumerable<object> Cases => BenchmarkRuns.Current.Cases;

    /// <summary>All numbers of threads.</summary>
    public static IEnumerable<object> ThreadCounts => BenchmarkRuns.Current.Threads.Cast<object>();

    /// <summary>What is timed.</summary>
    [ParamsSource(nameof(Cases))]
    public object? Case { get; set; }

    /// <summary>Threads that share the work.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    private WorkloadSpec Spec => (WorkloadSpec)Case!;

    /// <summary>Makes the operands and finds out how many calls take long enough.</summary>
    [GlobalSetup]
    public void Create()
    {
        _workload = Spec.Create(Threads);
        _calls = QuickBenchmark.CallsPerSample(_workload);
        BenchmarkRuns.Current.Start(Spec, Threads, _workload.Flops);
    }

    /// <summary>Releases the operands.</summary>
    [GlobalCleanup]
    public void Release() => _workload?.Dispose();

    /// <summary>Reads the peak.</summary>
    [IterationSetup]
    public void Before()
    {
        _peak = PeakProbe.Read(_workload!.Device.Workers);
        _disturbance = Disturbance.Start();
    }

    /// <summary>Notes the iteration and reads the peak again.</summary>
    [IterationCleanup]
    public void After()
    {
        double others = _disturbance.Cores();
        double peak = (_peak + PeakProbe.Read(_workload!.Device.Workers)) / 2;
        BenchmarkRuns.Current.Add(Spec, Threads, new Sample(_seconds / _calls, peak, others));
    }

    /// <summary>The work.</summary>
    [Benchmark]
    public void Run()
    {
        long start = Stopwatch.GetTimestamp();
        _workload!.Run(_calls);
        _seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
