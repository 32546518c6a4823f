using System.Diagnostics;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Finds reference cases that are no tensor files, and runs each with the runner of its kind.</summary>
internal static class FileCases
{
    private static readonly string[] _extensions = [".json", ".png", ".mp4", ".avi"];

    // What a case reads, and what belongs to a model folder.
    private static readonly string[] _data =
        ["config.json", "model_index.json", "checksums.json", "vocab.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "expected.json"];

    /// <summary>Every case below a folder. The corpus of malformed files, which has a manifest, is no case: its verdicts are tests.</summary>
    public static IEnumerable<string> Find(string folder)
    {
        string[] corpora = [.. Directory.EnumerateFiles(folder, "manifest.json", SearchOption.AllDirectories).Select(static file => Path.GetDirectoryName(file)! + Path.DirectorySeparatorChar)];
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => IsCase(Path.GetFileName(path)) && !corpora.Any(corpus => path.StartsWith(corpus, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>Runs one case.</summary>
    public static GoldenResult Run(string path, string name)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            FileRunner? runner = Runners().FirstOrDefault(candidate => candidate.Handles(path));
            return runner is null
                ? new GoldenResult(name, [], false, 0, null, 0)
                : new GoldenResult(name, [.. runner.Run(path)], true, 0, null, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        catch (Exception error)
        {
            return new GoldenResult(name, [], true, 0, $"{error.GetType().Name}: {error.Message}", Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    private static bool IsCase(string name) =>
        _extensions.Contains(Path.GetExtension(name), StringComparer.Ordinal) && !_data.Contains(name, StringComparer.Ordinal) && !name.EndsWith(".index.json", StringComparison.Ordinal);

    private static IEnumerable<FileRunner> Runners() => typeof(FileRunner).Assembly.GetTypes()
        .Where(static type => !type.IsAbstract && typeof(FileRunner).IsAssignableFrom(type))
        .OrderBy(static type => type.Name, StringComparer.Ordinal)
        .Select(static type => (FileRunner)Activator.CreateInstance(type)!);
}
