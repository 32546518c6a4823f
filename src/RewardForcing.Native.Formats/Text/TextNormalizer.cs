using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Formats;

/// <summary>Normalises a text step by step, by the <c>normalizer</c> of a <c>tokenizer.json</c>.</summary>
internal sealed class TextNormalizer
{
    // Longer clusters of characters are never looked up as a whole.
    private const int LongestCluster = 6;
    private readonly Func<string, string>[] _steps;

    private TextNormalizer(Func<string, string>[] steps) => _steps = steps;

    /// <summary>Reads the steps.</summary>
    /// <exception cref="ModelFormatException">A step is damaged or of an unknown kind.</exception>
    public static TextNormalizer Read(JsonPart file, string key)
    {
        List<Func<string, string>> steps = [];
        if (file.TryGet(key, out JsonPart part))
        {
            Read(part, steps);
        }

        return new TextNormalizer([.. steps]);
    }

    /// <summary>The normalised text.</summary>
    public string Apply(string text) => _steps.Aggregate(text, static (current, step) => step(current));

    private static void Read(JsonPart part, List<Func<string, string>> steps)
    {
        string type = part["type"].Text();
        if (type == "Sequence")
        {
            foreach (JsonPart inner in part["normalizers"].Items())
            {
                Read(inner, steps);
            }

            return;
        }

        steps.Add(type switch
        {
            "Precompiled" => Precompiled(part),
            "Replace" => Replace(part),
            "NFC" => CanonicalText.Compose,
            "NFD" => CanonicalText.Decompose,
            "Lowercase" => static text => text.ToLowerInvariant(),
            "Strip" => Strip(part),
            "Prepend" => Prepend(part),
            _ => throw part.Error(
                $"{part.Key} of type \"{Printable.Text(type)}\" is not supported, expected Precompiled, Replace, NFC, NFD, Lowercase, Strip, Prepend or Sequence", $"{part.Key}.type"),
        });
    }

    private static Func<string, string> Strip(JsonPart part)
    {
        (bool left, bool right) = (part.Flag("strip_left", true), part.Flag("strip_right", true));
        return text =>
        {
            text = left ? text.TrimStart() : text;
            return right ? text.TrimEnd() : text;
        };
    }

    private static Func<string, string> Prepend(JsonPart part)
    {
        string front = part["prepend"].Text();
        return text => text.Length > 0 ? front + text : text;
    }

    private static Func<string, string> Replace(JsonPart part)
    {
        string content = part["content"].Text();
        JsonPart pattern = part["pattern"];
        if (pattern.TextOrNull("String") is { } literal)
        {
            return literal.Length > 0 ? text => text.Replace(literal, content, StringComparison.Ordinal) : throw pattern.Error($"{pattern.Key}.String is empty");
        }

        string expression = pattern["Regex"].Text();
        try
        {
            // No pattern from a file may take more than linear time.
            Regex regex = new(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            return text => regex.Replace(text, _ => content);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw pattern.Error($"{pattern.Key}.Regex \"{Printable.Text(expression)}\" is not supported: {Printable.Text(error.Message).TrimEnd('.')}");
        }
    }

    private static Func<string, string> Precompiled(JsonPart part)
    {
        JsonPart blob = part["precompiled_charsmap"];
        string encoded = blob.Text();
        byte[] bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out int count))
        {
            throw blob.Wrong("base64");
        }

        if (count == 0)
        {
            return static text => text;
        }

        CharacterMap map;
        try
        {
            map = CharacterMap.Read(blob.Key, bytes.AsSpan(0, count));
        }
        catch (ModelFormatException error)
        {
            throw blob.Error(error.Message.TrimEnd('.'));
        }

        return text => Map(text, map);
    }

    // Cluster by cluster as a whole, else character by character; the shortest entry that matches stands for all of it.
    private static string Map(string text, CharacterMap map)
    {
        StringBuilder result = new(text.Length);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        string whole = Encoding.UTF8.GetString(bytes);
        for (int at = 0; at < whole.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(whole, at);
            ReadOnlySpan<char> cluster = whole.AsSpan(at, length);
            at += length;
            if (Encoding.UTF8.GetByteCount(cluster) >= LongestCluster || !TryMap(cluster, map, result))
            {
                foreach (Rune rune in cluster.EnumerateRunes())
                {
                    if (!TryMap(rune.ToString(), map, result))
                    {
                        result.Append(rune.ToString());
                    }
                }
            }
        }

        return result.ToString();
    }

    private static bool TryMap(ReadOnlySpan<char> part, CharacterMap map, StringBuilder result)
    {
        Span<byte> bytes = stackalloc byte[16];
        int count = Encoding.UTF8.GetBytes(part, bytes);
        bool isThere = map.Find(bytes[..count], longest: false, out ReadOnlySpan<byte> replacement) > 0;
        if (isThere)
        {
            result.Append(Encoding.UTF8.GetString(replacement));
        }

        return isThere;
    }
}
