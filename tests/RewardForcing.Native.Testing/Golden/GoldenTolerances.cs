using System.Globalization;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Reads the tolerances suggested for a case, from its metadata or from its section in the index beside it.</summary>
internal static class GoldenTolerances
{
    public static IReadOnlyDictionary<string, double> For(GoldenFile file)
    {
        foreach (string key in new[] { "tolerance", "suggested_tolerance" })
        {
            if (file.Metadata.TryGetValue(key, out string? text))
            {
                return Parse(text);
            }
        }

        string index = Path.Combine(Path.GetDirectoryName(file.Path)!, "index.md");
        return File.Exists(index) ? Parse(Suggestion(index, Path.GetFileName(file.Path))) : new Dictionary<string, double>();
    }

    private static string Suggestion(string index, string fileName)
    {
        bool inside = false;
        foreach (string line in File.ReadLines(index))
        {
            if (line.StartsWith('#'))
            {
                inside = line.Contains($"`{fileName}`", StringComparison.Ordinal);
            }
            else if (inside && line.Contains("suggested tolerance", StringComparison.Ordinal))
            {
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..];
            }
        }

        return string.Empty;
    }

    // "text 2.0e-06, latents 4.0e-06", or a number alone, which is for all outputs.
    private static Dictionary<string, double> Parse(string text)
    {
        Dictionary<string, double> tolerances = new(StringComparer.Ordinal);
        foreach (Match match in Regex.Matches(text, @"(?:""?([A-Za-z_][\w.]*)""?\s*:?\s+)?([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)(?=[,;\s}\)]|$)"))
        {
            string label = match.Groups[1].Success ? match.Groups[1].Value : "out";
            tolerances.TryAdd(label, double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        }

        return tolerances;
    }
}
