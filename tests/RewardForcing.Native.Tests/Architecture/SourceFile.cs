using RewardForcing.Native.Testing;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>One file of the repository.</summary>
/// <param name="Path">From the root, with forward slashes.</param>
/// <param name="Text">Contents.</param>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = System.IO.Path.GetFullPath(Fixtures.Path("../.."));

    /// <summary>Lines with their numbers, counted from 1, without those that are comments altogether.</summary>
    public IEnumerable<(int Number, string Text)> Code =>
        Text.Split('\n').Select(static (line, i) => (i + 1, line)).Where(static line => !line.line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    /// <summary>Name without folder and extension.</summary>
    public string Stem => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>All files of the kinds below folders, but for what builds leave behind. A folder that is not there yet has none.</summary>
    public static IReadOnlyList<SourceFile> Below(IEnumerable<string> folders, params string[] extensions) =>
    [
        .. folders.Select(static folder => System.IO.Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(path => extensions.Contains(System.IO.Path.GetExtension(path)))
            .Select(static path => System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(static path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(static path => new SourceFile(path, File.ReadAllText(System.IO.Path.Combine(Root, path)))),
    ];
}
