using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace RewardForcing.Native.Benchmarks;

/// <summary>The table by BenchmarkDotNet, with its warm-up, outliers and statistics.</summary>
internal static class FullBenchmark
{
    // Iterations are long enough to be few: each is a tenth of a second of the same work.
    private const int Iterations = 15;
    private const int WarmUps = 3;
    private const int LongestCase = 60;

    /// <summary>Runs it and writes the table and every sample.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(BenchOptions options)
    {
        BenchmarkRuns.Current.Begin(options, WarmUps);

        // In this process, because the peak is read between the iterations and because another build of the kernels would be another program.
        Job job = Job.Default.WithRuntime(CoreRuntime.Core10_0).WithToolchain(new InProcessEmitToolchain(TimeSpan.FromHours(1), logOutput: true)).WithStrategy(RunStrategy.Monitoring)
            .WithWarmupCount(WarmUps).WithIterationCount(Iterations).WithInvocationCount(1).WithUnrollFactor(1);
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(job).AddLogger(ConsoleLogger.Default).AddExporter(MarkdownExporter.GitHub, JsonExporter.Full)
            .AddColumnProvider(DefaultColumnProviders.Params)
            .AddColumn(RunColumn.All).WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(LongestCase));
        Summary[] summaries = BenchmarkSwitcher.FromTypes([typeof(WorkloadBenchmark)]).Run(options.Rest.Length > 0 ? options.Rest : ["--filter", "*"], config).ToArray();
        bool complete = summaries.Length > 0 && summaries.All(static summary => summary.Reports.Length > 0 && summary.Reports.All(static report => report.Success));
        List<TimedCase> cases = BenchmarkRuns.Current.Results();
        Console.WriteLine(Machine.Describe());
        Console.Write(ResultTable.Text(cases));
        ResultTable.WriteJson(options.Json, cases);
        return complete ? 0 : 1;
    }
}
