using System.Text.RegularExpressions;
using RewardForcing.Native.Testing.Cases;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>How kernel files, ops and cases belong together. Each rule gives a sentence for every violation.</summary>
internal static partial class KernelRules
{
    /// <summary>Kernels may include each other's headers and nothing else: the user has no CUDA toolkit.</summary>
    public static IEnumerable<string> Includes(IReadOnlyCollection<SourceFile> kernels)
    {
        HashSet<string> known = [.. kernels.Select(static file => file.Path)];
        return
            from file in kernels
            from line in file.Code
            let include = Include().Match(line.Text)
            where include.Success
            let name = include.Groups["name"].Value
            let isSystem = include.Groups["open"].Value == "<"
            where isSystem || !(known.Contains("kernels/" + name) || known.Contains($"{System.IO.Path.GetDirectoryName(file.Path)!.Replace('\\', '/')}/{name}"))
            select $"{file.Path}:{line.Number}: includes {name}, which is not below kernels/.";
    }

    /// <summary>Entries are <c>extern "C"</c> and begin with the stem of their file; those of a header with the stem of a file that may include it.</summary>
    public static IEnumerable<string> EntryNames(IReadOnlyCollection<SourceFile> kernels)
    {
        string[] stems = [.. kernels.Where(IsKernel).Select(Stem)];
        return
            from file in kernels
            let allowed = IsKernel(file) ? [Stem(file)] : stems
            from entry in Entries(file)
            where !entry.IsExternC || !allowed.Any(stem => entry.Name.StartsWith(stem + "_forward", StringComparison.Ordinal) || entry.Name.StartsWith(stem + "_backward", StringComparison.Ordinal))
            select $"{file.Path}: {entry.Name} must be extern \"C\" and named after the kernel file: stem, _forward or _backward, and a word more where there are several.";
    }

    /// <summary>A kernel of a public op needs the op's case. A kernel before its op is let pass while ops launch nothing at all.</summary>
    public static IEnumerable<string> Owners(IEnumerable<SourceFile> kernels, IReadOnlyCollection<SourceFile> ops, IReadOnlySet<string> publicOps, IReadOnlySet<string> cases)
    {
        HashSet<string> owners = [.. ops.Select(static file => CaseNames.Stem(file.Stem.Split('.')[0]))];
        bool launches = Launches(ops);
        foreach (SourceFile file in kernels.Where(IsKernel))
        {
            string stem = Stem(file);
            if (launches && !owners.Contains(stem))
            {
                yield return $"{file.Path} belongs to no op: there is no file of that name in src/RewardForcing.Native.Ops.";
            }

            if (publicOps.Contains(stem) && !cases.Contains(stem))
            {
                yield return $"{file.Path}: the op {stem} has no case.";
            }
        }
    }

    /// <summary>As soon as ops launch kernels at all, every entry must be named by some op.</summary>
    public static IEnumerable<string> Unlaunched(IEnumerable<SourceFile> kernels, IReadOnlyCollection<SourceFile> ops)
    {
        bool launches = Launches(ops);
        return
            from file in kernels
            where launches
            from entry in Entries(file)
            where !ops.Any(op => op.Text.Contains($"\"{entry.Name}\"", StringComparison.Ordinal))
            select $"{file.Path}: {entry.Name} is launched by no op.";
    }

    // An op that launches has a quoted entry name; nothing else in the layer looks like one.
    private static bool Launches(IEnumerable<SourceFile> ops) => ops.Any(static file => file.Code.Any(static line => QuotedEntry().IsMatch(line.Text)));

    private static IEnumerable<(string Name, bool IsExternC)> Entries(SourceFile file) =>
        Entry().Matches(file.Text).Select(static match => (match.Groups["name"].Value, match.Groups["extern"].Success));

    private static bool IsKernel(SourceFile file) => file.Path.EndsWith(".cu", StringComparison.Ordinal);

    private static string Stem(SourceFile file) => Architecture().Replace(file.Stem, string.Empty);

    [GeneratedRegex(@"^\s*#\s*include\s*(?<open>[<""])(?<name>[^>""]+)")]
    private static partial Regex Include();

    [GeneratedRegex(@"(?<extern>extern\s+""C""\s+)?__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(?<name>\w+)\s*\(")]
    private static partial Regex Entry();

    [GeneratedRegex(@"""[a-z0-9_]+_(?:forward|backward)(?:_[a-z0-9_]+)?""")]
    private static partial Regex QuotedEntry();

    [GeneratedRegex(@"_sm\d+a?$")]
    private static partial Regex Architecture();
}
