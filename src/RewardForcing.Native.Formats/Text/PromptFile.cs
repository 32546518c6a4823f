using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Reads a file of prompts, one a line, as the reference's data set does.</summary>
public static class PromptFile
{
    private const long MaxFile = 64 << 20;

    /// <summary>The prompts of a file. Lines end at LF, CR LF or CR; white space at their ends is cut off; blank lines are empty prompts.</summary>
    /// <param name="path">A text file in UTF-8, 64 MiB at most; a byte order mark at its start is no part of the first prompt.</param>
    /// <exception cref="ModelFormatException">It cannot be read or is not UTF-8.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = MappedFile.ReadWhole(path, MaxFile, "a file of prompts");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return Lines(text.StartsWith('\uFEFF') ? text[1..] : text);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(path, $"is not valid UTF-8 at byte {error.Index:N0}; save it as UTF-8", null, error);
        }
    }

    private static List<string> Lines(string text)
    {
        List<string> lines = [];
        for (int start = 0; start < text.Length;)
        {
            int length = text.AsSpan(start).IndexOfAny('\r', '\n');
            int end = length < 0 ? text.Length : start + length;
            lines.Add(TrimEnd(text.AsSpan(start, end - start)));
            bool isPair = end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n';
            start = end + (isPair ? 2 : 1);
        }

        return lines;
    }

    // Python's rstrip also takes the separators U+001C to U+001F.
    private static string TrimEnd(ReadOnlySpan<char> line)
    {
        while (!line.IsEmpty && (char.IsWhiteSpace(line[^1]) || line[^1] is >= '\x1C' and <= '\x1F'))
        {
            line = line[..^1];
        }

        return line.ToString();
    }
}
