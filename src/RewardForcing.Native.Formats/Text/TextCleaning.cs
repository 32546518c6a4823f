using System.Text;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Formats;

/// <summary>What is done to a prompt before it is cut into tokens: repairs of careless text, HTML references, white space.</summary>
/// <remarks>
/// Spec: models 7.4, the reference's <c>whitespace</c> cleaning. Of ftfy's default repairs those for text that was decoded rightly are done;
/// text that was decoded with a wrong encoding stays as it is.
/// </remarks>
public static partial class TextCleaning
{
    private const string Ligatures = "\uFB00ff\uFB01fi\uFB02fl\uFB03ffi\uFB04ffl\uFB05\u017Ft\uFB06st\u0132IJ\u0133ij\u0149\u02BCn\u01C4D\u017D\u01C5D\u017E\u01C6d\u017E"
        + "\u01C7LJ\u01C8Lj\u01C9lj\u01CANJ\u01CBNj\u01CCnj\u01F1DZ\u01F2Dz\u01F3dz";

    private static readonly Dictionary<char, string> _ligatures = ReadLigatures();

    /// <summary>Cleans a prompt.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>One line without white space at its ends, words one space apart.</returns>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return CollapseSpaces(Repair(text));
    }

    /// <summary>HTML references twice, then white space: all of <see cref="Clean"/> but the repairs.</summary>
    /// <param name="text">Any text.</param>
    public static string CollapseSpaces(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string plain = Strip(HtmlText.Unescape(HtmlText.Unescape(text)));
        return Strip(Spaces().Replace(plain, " "));
    }

    /// <summary>Curly quotes, ligatures, widths, line ends, control characters, escapes of terminals, and composed characters.</summary>
    /// <param name="text">Any text.</param>
    public static string Repair(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool mayHaveReferences = !text.Contains('<', StringComparison.Ordinal);
        for (string before = ""; before != text;)
        {
            before = text;
            text = mayHaveReferences ? HtmlText.UnescapeStrict(text) : text;
            text = CanonicalText.FixWidth(ReplaceCharacters(text));
            text = TerminalEscapes().Replace(LineEnds().Replace(text, "\n"), "");
            text = CanonicalText.Compose(Controls().Replace(text, ""));
        }

        return text;
    }

    // Python's str.strip: the separators U+001C to U+001F are white space here, though not to the regular expression.
    private static string Strip(string text) => text.Trim().Trim('\x1C', '\x1D', '\x1E', '\x1F') is { } trimmed && trimmed.Length < text.Length ? Strip(trimmed) : text;

    private static string ReplaceCharacters(string text)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            bool isPair = char.IsHighSurrogate(character) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (isPair)
            {
                result.Append(character).Append(text[++i]);
                continue;
            }

            result.Append(character switch
            {
                >= '\u0080' and <= '\u009F' => HtmlText.FromWindows(character).ToString(),
                '\u02BC' or (>= '\u2018' and <= '\u201B') => "'",
                >= '\u201C' and <= '\u201F' => "\"",
                >= '\uD800' and <= '\uDFFF' => "\uFFFD",
                _ => _ligatures.TryGetValue(character, out string? letters) ? letters : character.ToString(),
            });
        }

        return result.ToString();
    }

    private static Dictionary<char, string> ReadLigatures()
    {
        Dictionary<char, string> ligatures = [];
        int start = 0;
        for (int i = 1; i <= Ligatures.Length; i++)
        {
            if (i == Ligatures.Length || IsLigature(Ligatures[i]))
            {
                ligatures[Ligatures[start]] = Ligatures[(start + 1)..i];
                start = i;
            }
        }

        return ligatures;
    }

    private static bool IsLigature(char character) => character is (>= '\uFB00' and <= '\uFB06') or '\u0132' or '\u0133' or '\u0149' or (>= '\u01C4' and <= '\u01CC') or (>= '\u01F1' and <= '\u01F3');

    [GeneratedRegex(@"[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\r\n|[\r\u0085\u2028\u2029]")]
    private static partial Regex LineEnds();

    [GeneratedRegex(@"\x1b\[((?:\d|;)*)([a-zA-Z])")]
    private static partial Regex TerminalEscapes();

    [GeneratedRegex("[\0-\x08\x0B\x0E-\x1F\x7F\u206A-\u206F\uFEFF\uFFF9-\uFFFC]")]
    private static partial Regex Controls();
}
