using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace RewardForcing.Native.Formats;

/// <summary>A value somewhere in a JSON file, read with its type checked: what is wrong is told with the file and the way to the value.</summary>
public readonly struct JsonPart
{
    private const int MaxDepth = 64;
    private const int MaxFile = 256 << 20;
    private readonly JsonElement _value;
    private readonly string _file;
    private readonly string _key;

    private JsonPart(string file, string key, JsonElement value) => (_file, _key, _value) = (file, key, value);

    /// <summary>The way to the value, with dots and brackets; empty for the whole file.</summary>
    public string Key => _key;

    /// <summary>Whether it is an object.</summary>
    public bool IsObject => _value.ValueKind == JsonValueKind.Object;

    /// <summary>Whether it is <c>null</c>.</summary>
    public bool IsNull => _value.ValueKind == JsonValueKind.Null;

    /// <summary>Whether it is a text.</summary>
    public bool IsText => _value.ValueKind == JsonValueKind.String;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => _value.ValueKind == JsonValueKind.Array;

    /// <summary>The value as it was parsed.</summary>
    public JsonElement Value => _value;

    /// <summary>The value as the file has it, shortened.</summary>
    public string Shown => Printable.Text(_value.GetRawText(), 60);

    /// <summary>Reads a file that holds one object.</summary>
    /// <param name="file">A JSON file of at most 256 MiB.</param>
    /// <exception cref="ModelFormatException">It cannot be read, or is no JSON object.</exception>
    public static JsonPart ReadFile(string file) => Parse(file, Bytes(file));

    /// <summary>Reads a file that holds one list.</summary>
    /// <param name="file">A JSON file of at most 256 MiB.</param>
    /// <exception cref="ModelFormatException">It cannot be read, or is no JSON list.</exception>
    public static JsonPart ReadList(string file)
    {
        JsonPart root = Root(file, Bytes(file));
        return root.IsList ? root : throw new ModelFormatException(file, $"must be a JSON list, got {root.Kind}");
    }

    /// <summary>Reads bytes that hold one object.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="bytes">UTF-8; a byte order mark may lead.</param>
    /// <exception cref="ModelFormatException">They are no JSON object.</exception>
    public static JsonPart Parse(string file, ReadOnlyMemory<byte> bytes)
    {
        JsonPart root = Root(file, bytes);
        return root.IsObject ? root : throw new ModelFormatException(file, $"must be a JSON object, got {root.Kind}");
    }

    /// <summary>A value that was parsed elsewhere.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="value">An object.</param>
    /// <exception cref="ModelFormatException">It is none.</exception>
    public static JsonPart Of(string file, JsonElement value)
    {
        JsonPart root = new(file, "", value);
        return root.IsObject ? root : throw new ModelFormatException(file, $"must be a JSON object, got {root.Kind}");
    }

    /// <summary>A member that has to be there.</summary>
    /// <exception cref="ModelFormatException">It is not, or this is no object.</exception>
    public JsonPart this[string name] => TryGet(name, out JsonPart part) ? part : throw Error($"has no {Join(name)}", Join(name));

    /// <summary>A member that may be there and not <c>null</c>.</summary>
    public bool TryGet(string name, out JsonPart part)
    {
        JsonPart self = IsObject ? this : throw Wrong("an object");
        try
        {
            bool isThere = self._value.TryGetProperty(name, out JsonElement value);
            part = new JsonPart(_file, Join(name), value);
            return isThere && value.ValueKind != JsonValueKind.Null;
        }
        catch (InvalidOperationException error)
        {
            throw HalfPair(error);
        }
    }

    /// <summary>The members of an object, in their order.</summary>
    public IEnumerable<KeyValuePair<string, JsonPart>> Members()
    {
        JsonPart self = IsObject ? this : throw Wrong("an object");
        return self._value.EnumerateObject().Select(member => KeyValuePair.Create(self.NameOf(member), new JsonPart(self._file, self.Join(self.NameOf(member)), member.Value)));
    }

    /// <summary>The elements of a list.</summary>
    public IEnumerable<JsonPart> Items()
    {
        JsonPart self = IsList ? this : throw Wrong("a list");
        return self._value.EnumerateArray().Select((item, index) => new JsonPart(self._file, string.Create(CultureInfo.InvariantCulture, $"{self._key}[{index}]"), item));
    }

    /// <summary>A text.</summary>
    public string Text()
    {
        try
        {
            return IsText ? _value.GetString()! : throw Wrong("a text");
        }
        catch (InvalidOperationException error)
        {
            throw new ModelFormatException(_file, $"{_key} contains half a surrogate pair, which no text may", _key, error);
        }
    }

    /// <summary>A whole number within bounds.</summary>
    /// <param name="least">The least that is accepted.</param>
    /// <param name="most">The most that is accepted.</param>
    public int Whole(int least = int.MinValue, int most = int.MaxValue)
    {
        bool isWhole = _value.ValueKind == JsonValueKind.Number && _value.TryGetInt32(out int number) && number >= least && number <= most;
        return isWhole ? _value.GetInt32() : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    /// <summary>A finite number.</summary>
    public double Number() =>
        _value.ValueKind == JsonValueKind.Number && _value.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Wrong("a finite number");

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag() => _value.ValueKind is JsonValueKind.True or JsonValueKind.False ? _value.GetBoolean() : throw Wrong("true or false");

    /// <summary>A member that is <c>true</c> or <c>false</c>, or what holds without it.</summary>
    public bool Flag(string name, bool otherwise) => TryGet(name, out JsonPart part) ? part.Flag() : otherwise;

    /// <summary>A member that is a text, or null without it.</summary>
    public string? TextOrNull(string name) => TryGet(name, out JsonPart part) ? part.Text() : null;

    /// <summary>An error about this value.</summary>
    /// <param name="sentence">What is wrong, following the name of the file.</param>
    /// <param name="key">The value at fault, if not this one.</param>
    public ModelFormatException Error(string sentence, string? key = null) => new(_file, sentence, key ?? (_key.Length > 0 ? _key : null));

    /// <summary>An error that tells what was expected instead of this value.</summary>
    /// <param name="expected">What was expected.</param>
    public ModelFormatException Wrong(string expected) => Error($"{Printable.Text(_key)} must be {expected}, got {(IsObject || IsList ? Kind : Shown)}");

    private static byte[] Bytes(string file) => MappedFile.ReadWhole(file, MaxFile, "JSON");

    private static JsonPart Root(string file, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            RefuseStrangers(file, bytes.Span);
            ReadOnlyMemory<byte> text = bytes.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? bytes[3..] : bytes;
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return new JsonPart(file, "", document.RootElement.Clone());
        }
        catch (JsonException error)
        {
            int tail = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            string reason = Printable.Text((tail < 0 ? error.Message : error.Message[..tail]).TrimEnd('.'));
            throw new ModelFormatException(file, $"is not valid JSON: {reason} (line {error.LineNumber + 1}, byte {error.BytePositionInLine})", null, error);
        }
    }

    private string Kind => _value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private string Join(string name) => _key.Length == 0 ? name : $"{_key}.{name}";

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException error)
        {
            throw HalfPair(error);
        }
    }

    private ModelFormatException HalfPair(Exception error) => new(_file, "contains a key with half a surrogate pair, which no text may", null, error);

    private static void RefuseStrangers(string file, ReadOnlySpan<byte> bytes)
    {
        if (MistakenDownload.Describe(bytes) is string mistake)
        {
            throw new ModelFormatException(file, mistake);
        }

        // The parser looks into texts only when they are asked for.
        if (!Utf8.IsValid(bytes))
        {
            throw new ModelFormatException(file, "is not valid UTF-8");
        }
    }
}
