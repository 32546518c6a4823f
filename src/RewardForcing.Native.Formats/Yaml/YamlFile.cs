using System.Buffers;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;

namespace RewardForcing.Native.Formats;

/// <summary>Reads YAML configurations: one document, whose values get the types that the reference's reader (OmegaConf) gives them.</summary>
/// <remarks>
/// Nothing is constructed but texts, numbers, flags, lists and objects, whatever a tag says. What could mean two things is refused rather than
/// guessed: a key that stands twice, an interpolation, a second document. Aliases are followed up to a number of values, so a small file cannot
/// become a large one.
/// </remarks>
public static class YamlFile
{
    private const int MaxFile = 1 << 20;
    private static readonly SearchValues<char> _controls = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(static code => (char)code).Except("\t\n\r"), '\x7F']);

    /// <summary>Reads a file.</summary>
    /// <param name="path">A YAML file in UTF-8, 1 MiB at most, that holds keys and values.</param>
    /// <exception cref="ModelFormatException">It cannot be read, or is no such file; the message names line or key.</exception>
    public static JsonPart Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using MappedFile file = MappedFile.Open(path);
        if (file.Length > MaxFile)
        {
            throw new ModelFormatException(path, $"has {file.Length:N0} bytes, expected a YAML configuration of at most {MaxFile:N0}");
        }

        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        return Parse(path, bytes);
    }

    /// <summary>Reads bytes.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="bytes">UTF-8; a byte order mark may lead.</param>
    /// <exception cref="ModelFormatException">They are no YAML document of keys and values.</exception>
    public static JsonPart Parse(string file, ReadOnlySpan<byte> bytes)
    {
        YamlNode root = Compose(file, Text(file, bytes));
        if (root is not YamlNode.Object)
        {
            string found = root is YamlNode.List ? "a list" : "a single value";
            throw new ModelFormatException(file, $"must hold keys and values, such as \"height: 480\", got {found}");
        }

        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            root.WriteTo(writer);
        }

        return JsonPart.Parse(file, json.ToArray());
    }

    private static YamlNode Compose(string file, string text)
    {
        try
        {
            return new YamlComposer(file, text).Compose();
        }
        catch (YamlException error)
        {
            string reason = Printable.Text(error.Message.ReplaceLineEndings(" ").TrimEnd('.'));
            throw new ModelFormatException(file, $"is not valid YAML: {reason} (line {error.Start.Line}, column {error.Start.Column})", null, error);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser fails like this on some texts that it should refuse.
            throw new ModelFormatException(file, "is not valid YAML: its parser could make nothing of it", null, error);
        }
    }

    private static string Text(string file, ReadOnlySpan<byte> bytes)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new ModelFormatException(file, $"is not valid UTF-8 at byte {error.Index:N0}; save it as UTF-8", null, error);
        }

        // A zero would end the document for the parser, and what follows would be passed over in silence.
        int control = text.AsSpan().IndexOfAny(_controls);
        return control < 0 ? text.StartsWith('\uFEFF') ? text[1..] : text
            : throw new ModelFormatException(file, $"contains the control character U+{(int)text[control]:X4} at position {control:N0}, which YAML does not allow");
    }
}
