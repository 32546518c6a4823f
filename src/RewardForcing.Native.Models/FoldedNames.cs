using System.Globalization;

namespace RewardForcing.Native.Models;

/// <summary>Shows names that differ in one number only, such as the layer, as one: <c>blocks.{0-29}.norm3.weight</c>.</summary>
public static class FoldedNames
{
    private const char Gap = '\0';

    /// <summary>Folds names.</summary>
    /// <param name="names">In any order.</param>
    /// <returns>Every pattern where its first name was.</returns>
    public static IReadOnlyList<string> Fold(IEnumerable<string> names) => [.. Fold(names, static name => name, static _ => string.Empty).Select(static fold => fold.Name)];

    /// <summary>Folds what has a name, if it is alike in other ways, too.</summary>
    /// <param name="items">In any order.</param>
    /// <param name="nameOf">The name of an item.</param>
    /// <param name="likenessOf">What else has to be the same; no character 0.</param>
    /// <returns>Every pattern where its first item was, with all its items.</returns>
    public static IReadOnlyList<(string Name, IReadOnlyList<T> Items)> Fold<T>(IEnumerable<T> items, Func<T, string> nameOf, Func<T, string> likenessOf)
    {
        Dictionary<(string, string), (SortedSet<int> Numbers, List<T> Items)> patterns = [];
        List<(string Pattern, string Likeness)> order = [];
        foreach (T item in items)
        {
            (string pattern, int number) = SplitNumber(nameOf(item));
            (string, string) key = (pattern, likenessOf(item));
            if (!patterns.TryGetValue(key, out (SortedSet<int> Numbers, List<T> Items) fold))
            {
                patterns[key] = fold = ([], []);
                order.Add(key);
            }

            fold.Numbers.Add(number);
            fold.Items.Add(item);
        }

        return [.. order.Select(key => (Join(key.Pattern, patterns[key].Numbers), (IReadOnlyList<T>)patterns[key].Items))];
    }

    private static string Join(string pattern, SortedSet<int> numbers) =>
        pattern.Contains(Gap, StringComparison.Ordinal) ? pattern.Replace($"{Gap}", Ranges(numbers), StringComparison.Ordinal) : pattern;

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
                return ($"{name[..start]}{Gap}{name[stop..]}", number);
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
