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
        foreach (string line in FoldedNames.Fold(names))
        {
            text.Append("\n    ").Append(Printable.Text(line, int.MaxValue));
        }
    }
}
