using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Replaces the character references of HTML 5, as browsers and Python's <c>html.unescape</c> do: names without semicolon and damaged numbers included.</summary>
internal static class HtmlText
{
    private const int LongestName = 32;
    private const int LongestStrictName = 24;
    private static readonly Lazy<Dictionary<string, string>> _entities = new(ReadEntities);

    // What numbers 0x80 to 0x9F mean to browsers: Windows-1252, where it has a character.
    private const string Windows = "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    /// <summary>The character that a C1 control stands for when Windows-1252 was meant.</summary>
    /// <param name="control">U+0080 to U+009F.</param>
    public static char FromWindows(char control) => Windows[control - 0x80];

    /// <summary>Replaces references once.</summary>
    public static string Unescape(string text) => Replace(text, Match);

    /// <summary>Replaces only references that are closed by a semicolon, with upper-case names beside those of HTML, as ftfy does.</summary>
    public static string UnescapeStrict(string text) => Replace(text, MatchStrict);

    private delegate (int Used, string? Replacement) Matcher(ReadOnlySpan<char> text);

    private static string Replace(string text, Matcher match)
    {
        if (!text.Contains('&', StringComparison.Ordinal))
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        for (int at = 0; at < text.Length;)
        {
            (int used, string? replacement) = text[at] == '&' ? match(text.AsSpan(at + 1)) : default;
            _ = used == 0 ? result.Append(text[at]) : result.Append(replacement);
            at += 1 + used;
        }

        return result.ToString();
    }

    private static (int Used, string? Replacement) Match(ReadOnlySpan<char> text)
    {
        if (text.StartsWith('#'))
        {
            return Number(text);
        }

        int length = text.IndexOfAny("\t\n\f <&#;");
        length = Math.Min(length < 0 ? text.Length : length, LongestName);
        int closed = length < text.Length && text[length] == ';' ? length + 1 : length;
        Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> entities = _entities.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        if (length > 0 && entities.TryGetValue(text[..closed], out string? exact))
        {
            return (closed, exact);
        }

        for (int part = length; part > 1; part--)
        {
            if (entities.TryGetValue(text[..part], out string? prefix))
            {
                return (part, prefix);
            }
        }

        return default;
    }

    private static (int Used, string? Replacement) MatchStrict(ReadOnlySpan<char> text)
    {
        int end = text.IndexOf(';');
        int name = text.StartsWith('#') ? 1 : 0;
        if (end <= name || end - name > LongestStrictName || text[name..end].ContainsAnyExcept(Alphanumeric))
        {
            return default;
        }

        if (name == 1)
        {
            (int used, string? replacement) = Number(text);
            return used == end + 1 ? (used, replacement) : default;
        }

        Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> entities = _entities.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        if (entities.TryGetValue(text[..(end + 1)], out string? exact))
        {
            return (end + 1, exact);
        }

        string lower = text[..(end + 1)].ToString().ToLowerInvariant();
        bool isUpper = text[..end].IndexOfAnyInRange('a', 'z') < 0;
        return isUpper && entities.TryGetValue(lower, out string? letter) && letter.ToUpperInvariant() != letter ? (end + 1, letter.ToUpperInvariant()) : default;
    }

    private static readonly System.Buffers.SearchValues<char> Alphanumeric = System.Buffers.SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static (int Used, string? Replacement) Number(ReadOnlySpan<char> text)
    {
        bool isHex = text.Length > 1 && text[1] is 'x' or 'X';
        int start = isHex ? 2 : 1;
        int end = start;
        long value = 0;
        while (end < text.Length && (isHex ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])))
        {
            int digit = int.Parse(text.Slice(end, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            value = Math.Min((value * (isHex ? 16 : 10)) + digit, 0x110000);
            end++;
        }

        if (end == start)
        {
            return default;
        }

        end += end < text.Length && text[end] == ';' ? 1 : 0;
        return (end, Character((int)value));
    }

    private static string Character(int value) => value switch
    {
        0 or > 0x10FFFF or (>= 0xD800 and <= 0xDFFF) => "\uFFFD",
        '\r' => "\r",
        >= 0x80 and <= 0x9F => Windows[value - 0x80].ToString(),
        _ when IsNoCharacter(value) => "",
        _ => new Rune(value).ToString(),
    };

    private static bool IsNoCharacter(int value) => value is (>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) || (value & 0xFFFE) == 0xFFFE;

    private static Dictionary<string, string> ReadEntities()
    {
        Dictionary<string, string> entities = new(StringComparer.Ordinal);
        foreach (string line in EmbeddedText.Lines("html-entities.txt"))
        {
            string[] fields = line.Split(' ');
            entities[fields[0]] = string.Concat(fields.Skip(1).Select(static field => new Rune(int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString()));
        }

        return entities;
    }
}
