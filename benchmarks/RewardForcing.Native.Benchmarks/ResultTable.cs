using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Prints results as a table and writes them as JSON.</summary>
internal static class ResultTable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The table, as Markdown.</summary>
    public static string Text(IReadOnlyList<TimedCase> cases)
    {
        StringBuilder text = new();
        text.AppendLine("| case | types | threads | ms [min..max] | GFLOP/s | peak | of peak | quiet samples |");
        text.AppendLine("|---|---|--:|--:|--:|--:|--:|--:|");
        foreach (TimedCase row in cases)
        {
            text.AppendLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {row.Spec.Name} | {Types(row.Spec)} | {row.Threads} | {Milliseconds(row.Seconds)} [{Milliseconds(row.Fastest)}..{Milliseconds(row.Slowest)}] | {row.Rate / 1e9:F0} | {row.Peak / 1e9:F0} | {row.Share:F2}{(row.IsDisturbed ? "*" : string.Empty)} | {row.Samples.Count(static sample => sample.IsQuiet)} of {row.Samples.Count} |"));
        }

        if (cases.Any(static row => row.IsDisturbed))
        {
            text.AppendLine("* other processes took part of the cores in nearly all samples; not a number to rely on.");
        }

        return text.ToString();
    }

    /// <summary>Writes everything, each sample included.</summary>
    public static void WriteJson(string path, IReadOnlyList<TimedCase> cases)
    {
        var rows = cases.Select(static row => new
        {
            name = row.Spec.Name,
            activations = row.Spec.Activations.ToString(),
            weights = row.Spec.Weights.ToString(),
            threads = row.Threads,
            milliseconds = row.Seconds * 1e3,
            gflops = row.Rate / 1e9,
            peak_gflops = row.Peak / 1e9,
            share_of_peak = row.Share,
            disturbed = row.IsDisturbed,
            samples = row.Samples.Select(static sample => new
            {
                milliseconds = sample.Seconds * 1e3,
                peak_gflops = sample.Peak / 1e9,
                others_cores = double.IsNaN(sample.Others) ? (double?)null : Math.Round(sample.Others, 3),
            }),
        });
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(new { date = DateTime.UtcNow, machine = Machine.Describe(), cases = rows }, Indented));
    }

    private static string Types(WorkloadSpec spec) =>
        spec.Activations == spec.Weights ? $"{spec.Activations}" : $"{spec.Activations}, weights {spec.Weights}";

    private static string Milliseconds(double seconds) => (seconds * 1e3).ToString(seconds < 0.01 ? "F3" : "F1", CultureInfo.InvariantCulture);
}
