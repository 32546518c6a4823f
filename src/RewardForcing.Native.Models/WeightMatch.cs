using System.Globalization;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Compares an archive with the parameters a network declares: all or nothing, and a refusal that names everything.</summary>
internal static class WeightMatch
{
    /// <summary>The entry of every declared parameter the archive has, by key.</summary>
    /// <exception cref="WeightMismatchException">Something is missing, left over, doubled or of another shape.</exception>
    public static Dictionary<string, TensorEntry> Bind(TensorArchive archive, KeyMap map, IReadOnlyList<ParameterSpec> declared)
    {
        Dictionary<string, ParameterSpec> specs = declared.ToDictionary(spec => spec.Name, StringComparer.Ordinal);
        Dictionary<string, TensorEntry> bound = new(StringComparer.Ordinal);
        List<string> extra = [];
        List<string> misshaped = [];
        foreach (TensorEntry entry in archive.Entries)
        {
            if (map.KeyOf(entry.Name) is not string key)
            {
                continue;
            }

            if (!specs.TryGetValue(key, out ParameterSpec? spec))
            {
                extra.Add(key);
            }
            else if (!bound.TryAdd(key, entry))
            {
                extra.Add($"{key} (a second time, as {entry.Name})");
            }
            else if (!SameShape(spec.Shape, entry.Shape))
            {
                misshaped.Add($"{key} is [{string.Join(", ", entry.Shape)}] instead of {spec.Shape}");
            }
        }

        List<string> missing = [.. declared.Where(spec => !spec.Optional && !bound.ContainsKey(spec.Name)).Select(spec => spec.Name)];
        if (missing.Count + extra.Count + misshaped.Count > 0)
        {
            throw new WeightMismatchException(Describe(archive, declared.Count, missing, extra, misshaped), missing, extra, misshaped);
        }

        return bound;
    }

    /// <summary>Folds names that differ in one number only, such as the layer: <c>blocks.{0-29}.norm3.weight</c>.</summary>
    internal static List<string> Fold(IEnumerable<string> names)
    {
        Dictionary<string, SortedSet<int>> patterns = new(StringComparer.Ordinal);
        List<string> order = [];
        foreach (string name in names)
        {
            (string pattern, int number) = SplitNumber(name);
            if (!patterns.TryGetValue(pattern, out SortedSet<int>? numbers))
            {
                patterns[pattern] = numbers = [];
                order.Add(pattern);
            }

            numbers.Add(number);
        }

        return [.. order.Select(pattern => pattern.Contains('\0', StringComparison.Ordinal) ? pattern.Replace("\0", Ranges(patterns[pattern]), StringComparison.Ordinal) : pattern)];
    }

    private static bool SameShape(Shape shape, long[] extents)
    {
        if (shape.Rank != extents.Length)
        {
            return false;
        }

        for (int i = 0; i < extents.Length; i++)
        {
            if (shape[i] != extents[i])
            {
                return false;
            }
        }

        return true;
    }

    private static string Describe(TensorArchive archive, int declared, List<string> missing, List<string> extra, List<string> misshaped)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Printable.Text(archive.Path, int.MaxValue)}: expected {declared} tensors, found {archive.Entries.Count}, of which ");
        text.AppendJoin(", ", Counts(missing.Count, extra.Count, misshaped.Count));
        RecognizedModel found = ModelRecognizer.Recognize(archive);
        text.Append(CultureInfo.InvariantCulture, $"; the file looks like {found.Description}.");
        Append(text, "missing", missing);
        Append(text, "not expected", extra);
        Append(text, "of another shape", misshaped);
        return text.ToString();
    }

    private static IEnumerable<string> Counts(int missing, int extra, int misshaped)
    {
        if (missing > 0)
        {
            yield return $"{missing} missing";
        }

        if (extra > 0)
        {
            yield return $"{extra} not expected";
        }

        if (misshaped > 0)
        {
            yield return $"{misshaped} of another shape";
        }
    }

    private static void Append(StringBuilder text, string what, List<string> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"\n  {what}:");
        foreach (string line in Fold(names))
        {
            text.Append("\n    ").Append(Printable.Text(line, int.MaxValue));
        }
    }

    // Only the first number between dots is folded: it is the layer in every layout.
    private static (string Pattern, int Number) SplitNumber(string name)
    {
        int end = name.IndexOf(' ', StringComparison.Ordinal) is int space and >= 0 ? space : name.Length;
        for (int start = 0; start < end;)
        {
            int dot = name.IndexOf('.', start, end - start);
            int stop = dot < 0 ? end : dot;
            if (int.TryParse(name.AsSpan(start, stop - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return ($"{name[..start]}\0{name[stop..]}", number);
            }

            start = stop + 1;
        }

        return (name, 0);
    }

    private static string Ranges(SortedSet<int> numbers)
    {
        if (numbers.Count == 1)
        {
            return numbers.Min.ToString(CultureInfo.InvariantCulture);
        }

        List<string> parts = [];
        int[] sorted = [.. numbers];
        for (int i = 0; i < sorted.Length;)
        {
            int j = i;
            while (j + 1 < sorted.Length && sorted[j + 1] == sorted[j] + 1)
            {
                j++;
            }

            parts.Add(j == i ? $"{sorted[i]}" : $"{sorted[i]}-{sorted[j]}");
            i = j + 1;
        }

        return $"{{{string.Join(",", parts)}}}";
    }
}
