using System.Diagnostics;

namespace RewardForcing.Native.Benchmarks;

/// <summary>The table in a minute or two, for machines that are not quiet: rounds over all cases, so that a disturbance meets each of them once.</summary>
internal static class QuickBenchmark
{
    private const double SampleSeconds = 0.1;

    // A disturbed sample is taken again this often.
    private const int Patience = 3;

    /// <summary>Times everything and prints the table.</summary>
    /// <exception cref="ArgumentException">There are options of others.</exception>
    public static void Run(BenchOptions options)
    {
        if (options.Rest.Length > 0)
        {
            throw new ArgumentException($"bench quick: there is no option {options.Rest[0]}.");
        }

        Console.WriteLine(Machine.Describe());
        List<TimedCase> results = [];
        foreach (int threads in options.Threads)
        {
            Workload[] workloads = [.. options.Cases.Select(spec => spec.Create(threads))];
            try
            {
                results.AddRange(Time(options, threads, workloads));
            }
            finally
            {
                Array.ForEach(workloads, static workload => workload.Dispose());
            }
        }

        Console.Write(ResultTable.Text(results));
        ResultTable.WriteJson(options.Json, results);
    }

    /// <summary>How often to call a workload for a sample that is long enough; warms it up on the way.</summary>
    public static int CallsPerSample(Workload workload)
    {
        workload.Run(2);
        long start = Stopwatch.GetTimestamp();
        workload.Run(1);
        return Math.Clamp((int)Math.Ceiling(SampleSeconds / Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-7)), 1, 1_000_000);
    }

    private static IEnumerable<TimedCase> Time(BenchOptions options, int threads, Workload[] workloads)
    {
        int[] calls = [.. workloads.Select(CallsPerSample)];
        List<Sample>[] samples = [.. workloads.Select(static _ => new List<Sample>())];
        for (int round = 0; round < options.Rounds; round++)
        {
            for (int i = 0; i < workloads.Length; i++)
            {
                Sample sample = Take(workloads[i], calls[i]);
                samples[i].Add(sample);
                for (int again = 0; again < Patience && !sample.IsQuiet; again++)
                {
                    sample = Take(workloads[i], calls[i]);
                    samples[i].Add(sample);
                }
            }
        }

        return workloads.Select((workload, i) => new TimedCase(options.Cases[i], threads, workload.Flops, samples[i])).ToArray();
    }

    private static Sample Take(Workload workload, int calls)
    {
        double before = PeakProbe.Read(workload.Device.Workers);
        Disturbance disturbance = Disturbance.Start();
        long start = Stopwatch.GetTimestamp();
        workload.Run(calls);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double others = disturbance.Cores();
        return new Sample(seconds / calls, (before + PeakProbe.Read(workload.Device.Workers)) / 2, others);
    }
}
