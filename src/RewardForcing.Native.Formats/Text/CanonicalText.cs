using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Unicode's canonical forms, NFC and NFD, from tables of our own: the runtime has none where no ICU is installed.</summary>
/// <remarks>Unicode Standard Annex 15; Hangul by its section 3.12.</remarks>
internal static class CanonicalText
{
    private const int HangulFirst = 0xAC00;
    private const int HangulCount = 11172;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailFirst = 0x11A7;
    private const int Vowels = 21;
    private const int Tails = 28;
    private static readonly Lazy<Tables> _tables = new(Tables.Read);

    /// <summary>NFC: characters are composed where a composed one exists.</summary>
    public static string Compose(string text)
    {
        if (IsPlain(text))
        {
            return text;
        }

        List<int> all = Decomposed(text);
        int starter = -1;
        int kept = 0;
        int last = 0;
        for (int i = 0; i < all.Count; i++)
        {
            int class_ = Class(all[i]);
            bool isBlocked = starter >= 0 && kept > starter + 1 && last >= class_;
            if (starter >= 0 && !isBlocked && Pair(all[starter], all[i]) is { } composed)
            {
                all[starter] = composed;
                continue;
            }

            (starter, last) = class_ == 0 ? (kept, 0) : (starter, class_);
            all[kept++] = all[i];
        }

        return ToText(all.Take(kept));
    }

    /// <summary>NFD: composed characters are taken apart.</summary>
    public static string Decompose(string text) => IsPlain(text) ? text : ToText(Decomposed(text));

    /// <summary>Full-width and half-width characters as the common ones, as ftfy does.</summary>
    public static string FixWidth(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u3000', '\uFFEF'))
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        foreach (char character in text)
        {
            _ = _tables.Value.Widths.TryGetValue(character, out string? common) ? result.Append(common) : result.Append(character);
        }

        return result.ToString();
    }

    // Below U+00C0 nothing decomposes, nothing combines.
    private static bool IsPlain(string text) => !text.AsSpan().ContainsAnyInRange('\u00C0', '\uFFFF');

    private static List<int> Decomposed(string text)
    {
        List<int> all = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, all);
        }

        // Marks behind a starter go in order of their class; equal classes stay as they are.
        for (int i = 1; i < all.Count; i++)
        {
            int value = all[i];
            int class_ = Class(value);
            int at = i;
            for (; class_ > 0 && at > 0 && Class(all[at - 1]) > class_; at--)
            {
                all[at] = all[at - 1];
            }

            all[at] = value;
        }

        return all;
    }

    private static void Decompose(int value, List<int> all)
    {
        int syllable = value - HangulFirst;
        if (syllable is >= 0 and < HangulCount)
        {
            all.Add(LeadFirst + (syllable / (Vowels * Tails)));
            all.Add(VowelFirst + (syllable / Tails % Vowels));
            if (syllable % Tails > 0)
            {
                all.Add(TailFirst + (syllable % Tails));
            }
        }
        else if (_tables.Value.Parts.TryGetValue(value, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, all);
            }
        }
        else
        {
            all.Add(value);
        }
    }

    private static int? Pair(int first, int second)
    {
        (int lead, int vowel, int syllable, int tail) = (first - LeadFirst, second - VowelFirst, first - HangulFirst, second - TailFirst);
        if (lead is >= 0 and < 19 && vowel is >= 0 and < Vowels)
        {
            return HangulFirst + (((lead * Vowels) + vowel) * Tails);
        }

        if (syllable is >= 0 and < HangulCount && syllable % Tails == 0 && tail is > 0 and < Tails)
        {
            return first + tail;
        }

        return _tables.Value.Pairs.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static int Class(int value) => _tables.Value.Classes.GetValueOrDefault(value);

    private static string ToText(IEnumerable<int> values)
    {
        StringBuilder text = new();
        foreach (int value in values)
        {
            text.Append(new Rune(value).ToString());
        }

        return text.ToString();
    }

    private sealed class Tables
    {
        public Dictionary<int, int[]> Parts { get; } = [];

        public Dictionary<(int, int), int> Pairs { get; } = [];

        public Dictionary<int, int> Classes { get; } = [];

        public Dictionary<char, string> Widths { get; } = [];

        public static Tables Read()
        {
            Tables tables = new();
            foreach (string line in EmbeddedText.Lines("unicode.txt"))
            {
                string[] fields = line.Split(' ');
                int[] numbers = [.. fields.Skip(1).Select(static field => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                switch (fields[0])
                {
                    case "p":
                        tables.Parts[numbers[0]] = numbers[1..];
                        tables.Pairs[(numbers[1], numbers[2])] = numbers[0];
                        break;
                    case "s":
                        tables.Parts[numbers[0]] = numbers[1..];
                        break;
                    case "w":
                        tables.Widths[(char)numbers[0]] = ToText(numbers[1..]);
                        break;
                    default:
                        for (int value = numbers[1]; value <= numbers[2]; value++)
                        {
                            tables.Classes[value] = numbers[0];
                        }

                        break;
                }
            }

            return tables;
        }
    }
}
