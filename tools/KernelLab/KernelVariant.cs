using System.Text.RegularExpressions;
using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.KernelLab;

/// <summary>One set of macros that a kernel file is compiled with.</summary>
/// <param name="Source">The file.</param>
/// <param name="Defines">Macros and their values.</param>
/// <param name="Architecture">The only architecture it is for; null for all.</param>
internal sealed partial record KernelVariant(KernelSource Source, IReadOnlyDictionary<string, string> Defines, string? Architecture)
{
    /// <summary>The macros as they are written in a <c>Variants:</c> line.</summary>
    public string Name => string.Join(' ', Defines.Select(static define => $"{define.Key}={define.Value}"));

    /// <summary>Whether it is compiled for an architecture.</summary>
    public bool IsFor(string architecture) => Architecture is null || Architecture == architecture;

    /// <summary>Reads the <c>Variants:</c> lines of a file: each is the product of its macros' lists; a value may be an earlier macro's name.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="FormatException">The file has none, or a line is not understood.</exception>
    public static IReadOnlyList<KernelVariant> Read(KernelSource source) => [.. Lines(source).SelectMany(static line => line)];

    /// <summary>One variant of each line, the last: those with the largest tiles are written last.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="FormatException">The file has none, or a line is not understood.</exception>
    public static IReadOnlyList<KernelVariant> Representatives(KernelSource source) => [.. Lines(source).Select(static line => line[^1])];

    private static KernelVariant[][] Lines(KernelSource source)
    {
        KernelVariant[][] lines = [.. VariantsLine().Matches(source.Text).Select(line =>
        {
            string? architecture = line.Groups["architecture"] is { Success: true } only ? only.Value : null;
            return Product(source.Name, line.Groups["macros"].Value).Select(defines => new KernelVariant(source, defines, architecture)).ToArray();
        })];
        return lines.Length > 0 ? lines : throw new FormatException($"kernels/{source.Name}: there is no line of variants; see kernels/README.md.");
    }

    private static List<Dictionary<string, string>> Product(string file, string macros)
    {
        List<Dictionary<string, string>> all = [new(StringComparer.Ordinal)];
        foreach (string macro in macros.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = macro.Split('=');
            if (parts.Length != 2 || !parts[0].StartsWith("RF_", StringComparison.Ordinal))
            {
                throw new FormatException($"kernels/{file}: a variant is written RF_NAME=value,value, got {macro}.");
            }

            List<Dictionary<string, string>> more = [];
            foreach (Dictionary<string, string> defines in all)
            {
                foreach (string value in parts[1].Split(','))
                {
                    more.Add(new Dictionary<string, string>(defines, StringComparer.Ordinal) { [parts[0]] = defines.GetValueOrDefault(value, value) });
                }
            }

            all = more;
        }

        return all;
    }

    [GeneratedRegex(@"^// Variants(?:\((?<architecture>\w+)\))?: (?<macros>.+?)\r?$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex VariantsLine();
}
