using System.Diagnostics;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Finds reference cases and runs each with the runner of its kind.</summary>
public static class GoldenSuite
{
    /// <summary>Runs every case below a folder; files that are no cases, such as shared weights, are passed over.</summary>
    /// <param name="folder">Where to look, sub-folders included.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="filter">Only cases whose path contains this text; null for all.</param>
    public static IEnumerable<GoldenResult> Run(string folder, Device device, string? filter = null)
    {
        GoldenRunner[] runners = Runners();
        foreach (string path in Find(folder))
        {
            string name = Path.ChangeExtension(Path.GetRelativePath(folder, path), null).Replace('\\', '/');
            if (filter is null || name.Contains(filter, StringComparison.Ordinal))
            {
                using GoldenFile file = new(path);
                yield return Run(file, name, runners, device);
            }
        }

        // These keep their extension: a picture and a table may share a name.
        foreach (string path in FileCases.Find(folder))
        {
            string name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            if (filter is null || name.Contains(filter, StringComparison.Ordinal))
            {
                yield return FileCases.Run(path, name);
            }
        }
    }

    /// <summary>Finds every tensor file below a folder that is a case.</summary>
    /// <param name="folder">Where to look, sub-folders included.</param>
    public static IEnumerable<string> Find(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            using GoldenFile? file = Open(path);
            if (file is not null)
            {
                yield return path;
            }
        }
    }

    /// <summary>Finds every case below a folder that is no tensor file: pictures, and tables in JSON.</summary>
    /// <param name="folder">Where to look, sub-folders included.</param>
    public static IEnumerable<string> FindFiles(string folder) => FileCases.Find(folder);

    /// <summary>Runs one case that is no tensor file.</summary>
    /// <param name="path">The file.</param>
    public static GoldenResult RunFile(string path) => FileCases.Run(path, Path.GetFileName(path));

    /// <summary>Runs one case.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where to compute.</param>
    public static GoldenResult RunFile(string path, Device device)
    {
        using GoldenFile file = new(path);
        return Run(file, file.Name, Runners(), device);
    }

    /// <summary>What runs a case; null where its kind is not supported.</summary>
    internal static GoldenRunner? RunnerOf(GoldenFile file) => Runners().FirstOrDefault(candidate => candidate.Handles(file));

    private static GoldenRunner[] Runners() =>
    [
        .. typeof(GoldenRunner).Assembly.GetTypes()
            .Where(static type => !type.IsAbstract && typeof(GoldenRunner).IsAssignableFrom(type))
            .OrderBy(static type => type.Name, StringComparer.Ordinal)
            .Select(static type => (GoldenRunner)Activator.CreateInstance(type)!),
    ];

    // Malformed files lie beside the cases; what cannot be opened, or has no outputs, is no case.
    private static GoldenFile? Open(string path)
    {
        GoldenFile? file = null;
        try
        {
            file = new GoldenFile(path);
            if (file.Names.Any(static name => name.StartsWith("out.", StringComparison.Ordinal)))
            {
                return file;
            }
        }
        catch (Exception error) when (error is ModelFormatException or IOException or System.Text.Json.JsonException)
        {
            return null;
        }

        file.Dispose();
        return null;
    }

    private static GoldenResult Run(GoldenFile file, string name, GoldenRunner[] runners, Device device)
    {
        int gradients = GoldenGradients.In(file).Count();
        long started = Stopwatch.GetTimestamp();
        try
        {
            GoldenRunner? runner = runners.FirstOrDefault(candidate => candidate.Handles(file));
            if (runner is null)
            {
                return new GoldenResult(name, [], false, gradients, null, 0);
            }

            Comparison[] comparisons = [.. runner.Run(file, device)];
            int compared = comparisons.Count(static comparison => GoldenGradients.IsGradient(comparison.Tensor));
            return new GoldenResult(name, comparisons, true, gradients - compared, null, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        catch (Exception error)
        {
            return new GoldenResult(name, [], true, gradients, $"{error.GetType().Name}: {error.Message}", Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }
}
