using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Shows text from a file in a message: short, and without characters that would steer a terminal.</summary>
public static class Printable
{
    private const int MaxLength = 120;
    private const int MaxExtents = 10;

    /// <summary>The text with control, format and unpaired characters escaped, cut in the middle if it is long.</summary>
    /// <param name="text">As the file has it.</param>
    /// <param name="maxLength">Characters of <paramref name="text"/> that are kept.</param>
    public static string Text(string text, int maxLength = MaxLength)
    {
        if (text.Length > maxLength)
        {
            text = $"{text[..(maxLength / 2)]}...{text[^(maxLength / 2)..]}";
        }

        StringBuilder shown = new(text.Length);
        foreach (char character in text)
        {
            if (IsPlain(character))
            {
                shown.Append(character);
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
        }

        return shown.ToString();
    }

    /// <summary>Extents in brackets.</summary>
    /// <param name="extents">The first few are shown.</param>
    public static string Extents(ReadOnlySpan<long> extents)
    {
        string shown = string.Join(", ", extents[..Math.Min(extents.Length, MaxExtents)].ToArray());
        return extents.Length > MaxExtents ? $"[{shown}, ...]" : $"[{shown}]";
    }

    // Surrogates stay as they are: halves are refused before a name is kept, and pairs print well.
    private static bool IsPlain(char character) => char.GetUnicodeCategory(character) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
