using System.Diagnostics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Runs the reference cases of networks with BF16 weights and activations on a device.</summary>
/// <remarks>
/// References are in float, so the budget is that of an op, of a whole case: twice the error which the processor makes with the same rounded inputs and
/// types, and one rounding of the result. Where the processor itself is far off, nothing can be said and the case fails.
/// </remarks>
public static class RoundedSuite
{
    private const double Ulp = 1.0 / 256;
    private const double MostOfProcessor = 0.25;

    /// <summary>Runs every case of a network below a folder.</summary>
    /// <param name="folder">Where to look, sub-folders included.</param>
    /// <param name="device">Where to compute; another than the processor.</param>
    /// <param name="filter">Only cases whose path contains this text; null for all.</param>
    public static IEnumerable<GoldenResult> Run(string folder, Device device, string? filter = null)
    {
        foreach (string path in Find(folder))
        {
            string name = Path.ChangeExtension(Path.GetRelativePath(folder, path), null).Replace('\\', '/');
            if (filter is null || name.Contains(filter, StringComparison.Ordinal))
            {
                yield return RunFile(path, device) with { Case = name };
            }
        }
    }

    /// <summary>Finds every case of a network below a folder.</summary>
    /// <param name="folder">Where to look, sub-folders included.</param>
    public static IEnumerable<string> Find(string folder)
    {
        foreach (string path in GoldenSuite.Find(folder))
        {
            using GoldenFile file = new(path);
            if (GoldenSuite.RunnerOf(file)?.HasNetworks == true)
            {
                yield return path;
            }
        }
    }

    /// <summary>Runs one case of a network.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where to compute; another than the processor.</param>
    public static GoldenResult RunFile(string path, Device device)
    {
        long started = Stopwatch.GetTimestamp();
        using GoldenFile file = new(path, DType.BF16);
        List<Comparison> results = [];
        string? failure = null;
        try
        {
            GoldenRunner runner = GoldenSuite.RunnerOf(file)!;
            using CpuDevice processor = new();
            Comparison[] expected = [.. runner.Run(file, processor)];
            Comparison[] actual = [.. runner.Run(file, device)];
            results.AddRange(actual.Zip(expected, Budget));
            failure = actual.Length != expected.Length ? $"{actual.Length} results, {expected.Length} of the processor" : null;
        }
        catch (Exception error)
        {
            failure = $"{error.GetType().Name}: {error.Message}";
        }

        return new GoldenResult(file.Name, results, true, 0, failure, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    // What must be exact stays so: counters, and checksums of files. Levels of grey are no shares of anything.
    private static Comparison Budget(Comparison actual, Comparison expected)
    {
        bool isExact = actual.Tolerance == 0;
        bool isFar = !actual.Tensor.EndsWith("(levels)", StringComparison.Ordinal) && !actual.Tensor.EndsWith("(share)", StringComparison.Ordinal) && expected.Error > MostOfProcessor;
        return isExact ? actual : actual with { Tolerance = isFar ? 0 : (2 * expected.Error) + Ulp };
    }
}
