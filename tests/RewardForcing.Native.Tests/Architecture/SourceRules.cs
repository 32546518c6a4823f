using System.Text.RegularExpressions;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>What the text of a source file must not have. Each rule gives a sentence for every violation.</summary>
internal static partial class SourceRules
{
    private const int MostLines = 600;
    private static readonly string[] ForbiddenSuffixes = ["Manager", "Helper", "Helpers", "Utils", "Util", "Base", "Impl", "Common", "Info", "Data"];

    // CUDA's libraries, liblmdb, and one advice to the system about host memory, which Tensors allocates and nothing below it could give.
    private static readonly string[] ImportsAllowed = ["src/RewardForcing.Native.Cuda/Interop/", "src/RewardForcing.Native.Formats/Interop/", "src/RewardForcing.Native.Tensors/HostPages.cs"];

    public static IEnumerable<string> FileLength(IEnumerable<SourceFile> files) =>
        from file in files
        let lines = file.Text.Count(static letter => letter == '\n')
        where lines > MostLines
        select $"{file.Path} has {lines} lines, more than {MostLines}: split it.";

    public static IEnumerable<string> TypeNames(IEnumerable<SourceFile> files) =>
        from file in files
        from name in Declarations(file)
        let suffix = ForbiddenSuffixes.FirstOrDefault(word => name.Name.EndsWith(word, StringComparison.Ordinal))
        where suffix is not null
        select $"{file.Path}: {name.Name} ends in {suffix}, which says nothing; name it after what it does or holds.";

    public static IEnumerable<string> NativeImports(IEnumerable<SourceFile> files) =>
        from file in files
        where !ImportsAllowed.Any(place => file.Path.StartsWith(place, StringComparison.Ordinal))
        from line in file.Code
        where NativeImport().IsMatch(line.Text)
        select $"{file.Path}:{line.Number}: native functions are imported in {string.Join(" and ", ImportsAllowed)} only.";

    /// <summary>Formats reads bytes; only what it has of native libraries needs pointers.</summary>
    public static IEnumerable<string> FormatPointers(IEnumerable<SourceFile> files) =>
        from file in files
        where file.Path.StartsWith("src/RewardForcing.Native.Formats/", StringComparison.Ordinal) && !file.Path.Contains("/Interop/", StringComparison.Ordinal)
        from line in file.Code
        where Unsafe().IsMatch(line.Text)
        select $"{file.Path}:{line.Number}: in Formats, pointers are for Interop/ only.";

    public static IEnumerable<string> ManualCollection(IEnumerable<SourceFile> files) =>
        from file in files
        from line in file.Code
        where Collection().IsMatch(line.Text)
        select $"{file.Path}:{line.Number}: memory is owned by scopes; nothing may ask or wait for the garbage collector.";

    public static IEnumerable<string> OnePublicType(IEnumerable<SourceFile> files) =>
        from file in files
        let types = Declarations(file).Where(static type => type.IsPublic && type.IsOutermost).Select(static type => type.Name).Distinct().ToArray()
        let stem = file.Stem.Split('.')[0]
        where types.Length > 1 || (types.Length == 1 && types[0] != stem)
        select $"{file.Path} declares {string.Join(" and ", types)}: one public type to a file, and the file is named after it.";

    private static IEnumerable<(string Name, bool IsPublic, bool IsOutermost)> Declarations(SourceFile file) =>
        file.Code.Select(static line => Declaration().Match(line.Text)).Where(static match => match.Success)
            .Select(static match => (match.Groups["name"].Value, match.Groups["modifiers"].Value.Contains("public", StringComparison.Ordinal), match.Groups["indent"].Length == 0));

    [GeneratedRegex(@"^(?<indent>\s*)(?<modifiers>(?:\w+ )*)(?:class|struct|interface|enum|record(?: class| struct)?|delegate [\w<>\[\]?., ]+?) (?<name>\w+)(?=[\s<(:;{]|$)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\[\s*(?:\w+:\s*)?(?:LibraryImport|DllImport)\b")]
    private static partial Regex NativeImport();

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex Unsafe();

    [GeneratedRegex(@"\bGC\s*\.\s*(?:Collect|WaitForPendingFinalizers|ReRegisterForFinalize)\b")]
    private static partial Regex Collection();
}
