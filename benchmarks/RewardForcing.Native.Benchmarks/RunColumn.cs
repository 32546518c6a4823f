using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace RewardForcing.Native.Benchmarks;

/// <summary>A column of BenchmarkDotNet's table with something of a <see cref="TimedCase"/>.</summary>
internal sealed class RunColumn(string name, string legend, Func<TimedCase, string> text) : IColumn
{
    /// <summary>Milliseconds of a call, rate, peak, share and quiet samples.</summary>
    public static IColumn[] All { get; } =
    [
        new RunColumn("ms/call", "Median milliseconds of one call", static row => Number(row.Seconds * 1e3, "F3")),
        new RunColumn("GFLOP/s", "Operations of one call by its median time", static row => Number(row.Rate / 1e9, "F0")),
        new RunColumn("Peak", "Multiply-adds on registers in the same moments on as many threads, GFLOP/s", static row => Number(row.Peak / 1e9, "F0")),
        new RunColumn("Of peak", "Median share of the peak read before and after each sample", static row => Number(row.Share, "F2") + (row.IsDisturbed ? "*" : string.Empty)),
        new RunColumn("Quiet", "Samples that other processes left alone", static row => $"{row.Samples.Count(static sample => sample.IsQuiet)} of {row.Samples.Count}"),
    ];

    public string Id => $"{nameof(RunColumn)}.{name}";

    public string ColumnName => name;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => legend;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        BenchmarkRuns.Current.Result((WorkloadSpec)benchmarkCase.Parameters[nameof(WorkloadBenchmark.Case)], (int)benchmarkCase.Parameters[nameof(WorkloadBenchmark.Threads)]) is TimedCase row
            ? text(row)
            : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
