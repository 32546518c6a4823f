using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace RewardForcing.Native.Formats;

/// <summary>Walks the JSON header of a safetensors file once and checks everything it claims against the file.</summary>
/// <remarks>
/// As strict as the reference reader (huggingface/safetensors, <c>SafeTensors::deserialize</c>), and duplicate keys are refused, too.
/// White space around the JSON and unknown fields of a tensor are accepted.
/// </remarks>
internal ref struct SafetensorsHeader
{
    /// <summary>The longest header the format allows, bytes.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Bytes of the number before the header.</summary>
    public const int LengthBytes = 8;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int MaxRank = 8;

    private const int MaxDepth = 32;
    private const string MetadataKey = "__metadata__";

    private readonly string _file;
    private readonly long _dataStart;
    private readonly long _dataLength;
    private readonly List<TensorEntry> _entries = [];
    private Utf8JsonReader _json;
    private string? _tensor;

    private SafetensorsHeader(string file, ReadOnlySpan<byte> header, long fileLength)
    {
        _file = file;
        _dataStart = LengthBytes + header.Length;
        _dataLength = fileLength - _dataStart;
        _json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>Text under <c>__metadata__</c>.</summary>
    public Dictionary<string, string>? Metadata { get; private set; }

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="ModelFormatException">Anything is wrong.</exception>
    public static (EntryTable Entries, IReadOnlyDictionary<string, string> Metadata) Read(MappedFile file)
    {
        byte[] bytes = ReadBytes(file);
        CheckText(file.Path, bytes);
        SafetensorsHeader header = new(file.Path, bytes, file.Length);
        header.Walk();
        string path = file.Path;
        EntryTable table = new(header._entries, (first, _) =>
            new ModelFormatException(path, $"tensor {Printable.Text(first.Name)} is in the header twice", first.Name));
        header.CheckLayout();
        return (table, header.Metadata ?? []);
    }

    private static byte[] ReadBytes(MappedFile file)
    {
        if (file.Length < LengthBytes)
        {
            throw new ModelFormatException(file.Path, $"is too short for a safetensors file: expected at least {LengthBytes} bytes, got {file.Length}");
        }

        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.Read(0, prefix);
        ulong length = BitConverter.ToUInt64(prefix);
        if (length == 0)
        {
            throw new ModelFormatException(file.Path, "has an empty header: the 8 bytes at its start say 0");
        }

        if (length > MaxLength)
        {
            throw new ModelFormatException(file.Path, $"claims a header of {length:N0} bytes in the 8 bytes at its start, expected at most {MaxLength:N0}; the file is damaged or no safetensors file");
        }

        if (length > (ulong)(file.Length - LengthBytes))
        {
            throw new ModelFormatException(file.Path, $"claims a header of {length:N0} bytes, but only {file.Length - LengthBytes:N0} bytes follow; it is cut short or damaged");
        }

        // The length is no longer a claim here: the file has that many bytes.
        byte[] header = GC.AllocateUninitializedArray<byte>((int)length);
        file.Read(LengthBytes, header);
        return header;
    }

    private static void CheckText(string file, ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("\uFEFF"u8))
        {
            throw new ModelFormatException(file, $"has a byte order mark before its header (byte {LengthBytes}), expected '{{'");
        }

        if (Utf8.IsValid(header))
        {
            return;
        }

        int position = 0;
        while (Rune.DecodeFromUtf8(header[position..], out _, out int count) == System.Buffers.OperationStatus.Done)
        {
            position += count;
        }

        throw new ModelFormatException(file, $"has a header that is not valid UTF-8 (byte {LengthBytes + position:N0})");
    }

    private void Walk()
    {
        try
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartObject)
            {
                throw Error($"the header must be a JSON object, got {Kind(_json.TokenType)}");
            }

            while (Next() == JsonTokenType.PropertyName)
            {
                string name = Text("a name");
                if (name == MetadataKey)
                {
                    WalkMetadata();
                }
                else
                {
                    WalkTensor(name);
                }
            }

            // Finds whatever follows the object.
            _json.Read();
        }
        catch (JsonException error)
        {
            int tail = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            string reason = (tail < 0 ? error.Message : error.Message[..tail]).TrimEnd('.');
            throw Error($"the header is not valid JSON: {Printable.Text(reason)}");
        }
    }

    private void WalkMetadata()
    {
        if (Metadata is not null)
        {
            throw Error($"{MetadataKey} is in the header twice");
        }

        Metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Next() != JsonTokenType.StartObject)
        {
            throw Error($"{MetadataKey} must be a JSON object of texts, got {Kind(_json.TokenType)}");
        }

        while (Next() == JsonTokenType.PropertyName)
        {
            string key = Text("a key of the metadata");
            if (Next() != JsonTokenType.String)
            {
                throw Error($"{MetadataKey}: {Printable.Text(key)} must be a text, got {Kind(_json.TokenType)}");
            }

            if (!Metadata.TryAdd(key, Text("a value of the metadata")))
            {
                throw Error($"{MetadataKey}: {Printable.Text(key)} is there twice");
            }
        }
    }

    private void WalkTensor(string name)
    {
        _tensor = name;
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            throw Error("the name contains the character 0");
        }

        if (Next() != JsonTokenType.StartObject)
        {
            throw Error($"must be described by a JSON object, got {Kind(_json.TokenType)}");
        }

        ElementType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (Next() == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("dtype"u8))
            {
                Once("dtype", type is null);
                type = ReadType();
            }
            else if (_json.ValueTextEquals("shape"u8))
            {
                Once("shape", shape is null);
                shape = ReadNumbers("shape", MaxRank);
            }
            else if (_json.ValueTextEquals("data_offsets"u8))
            {
                Once("data_offsets", offsets is null);
                offsets = ReadNumbers("data_offsets", 2);
            }
            else
            {
                Next();
                _json.Skip();
            }
        }

        _entries.Add(Check(
            type ?? throw Error("has no dtype"), shape ?? throw Error("has no shape"), offsets ?? throw Error("has no data_offsets")));
        _tensor = null;
    }

    private readonly TensorEntry Check(ElementType type, long[] shape, long[] offsets)
    {
        if (offsets.Length != 2)
        {
            throw Error($"data_offsets must be two numbers, begin and end, got {Printable.Extents(offsets)}");
        }

        (long begin, long end) = (offsets[0], offsets[1]);
        if (end < begin)
        {
            throw Error($"data_offsets {Printable.Extents(offsets)} end before they begin");
        }

        long length = type.Bytes(shape)
            ?? throw Error($"{Printable.Extents(shape)} of {type.SafetensorsName()} overflows, or does not fill whole bytes");
        if (end - begin != length)
        {
            throw Error($"{Printable.Extents(shape)} of {type.SafetensorsName()} takes {length:N0} bytes, but data_offsets {Printable.Extents(offsets)} span {end - begin:N0}");
        }

        if (end > _dataLength)
        {
            throw Error($"ends at byte {end:N0} of the data, but the file has only {_dataLength:N0} bytes of data; it is cut short or damaged");
        }

        return new TensorEntry(_tensor!, type, shape, length, _file) { Offset = _dataStart + begin };
    }

    // Every byte of the data belongs to exactly one tensor: no overlap, no hole, no tail to hide something in.
    private void CheckLayout()
    {
        _entries.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.ByteLength.CompareTo(b.ByteLength));
        long position = _dataStart;
        string previous = "the header";
        foreach (TensorEntry entry in _entries)
        {
            if (entry.Offset < position)
            {
                throw new ModelFormatException(
                    _file, $"tensors {previous} and {Printable.Text(entry.Name)} overlap: the first ends at byte {position:N0}, the second begins at {entry.Offset:N0}", entry.Name);
            }

            if (entry.Offset > position)
            {
                throw new ModelFormatException(
                    _file, $"has a hole of {entry.Offset - position:N0} bytes between {previous} and tensor {Printable.Text(entry.Name)} (byte {position:N0})", entry.Name);
            }

            position += entry.ByteLength;
            previous = Printable.Text(entry.Name);
        }

        if (position != _dataStart + _dataLength)
        {
            throw new ModelFormatException(
                _file, $"has {_dataStart + _dataLength - position:N0} bytes behind {previous} that belong to no tensor (byte {position:N0})");
        }
    }

    private ElementType ReadType()
    {
        if (Next() != JsonTokenType.String)
        {
            throw Error($"dtype must be a text, got {Kind(_json.TokenType)}");
        }

        string name = Text("a dtype");
        return ElementTypes.TryParseSafetensors(name, out ElementType? type) ? type.Value
            : throw Error($"has the unknown dtype \"{Printable.Text(name)}\"");
    }

    private long[] ReadNumbers(string field, int most)
    {
        if (Next() != JsonTokenType.StartArray)
        {
            throw Error($"{field} must be an array of numbers, got {Kind(_json.TokenType)}");
        }

        Span<long> numbers = stackalloc long[MaxRank];
        int count = 0;
        while (Next() != JsonTokenType.EndArray)
        {
            // Digits only: no sign, fraction or exponent; leading zeros are no JSON.
            if (_json.TokenType != JsonTokenType.Number || !long.TryParse(_json.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                string got = _json.TokenType == JsonTokenType.Number ? Printable.Text(Encoding.UTF8.GetString(_json.ValueSpan)) : Kind(_json.TokenType);
                throw Error($"{field} must hold whole numbers from 0 to {long.MaxValue}, got {got}");
            }

            if (count == most)
            {
                throw Error($"{field} has more than {most} numbers");
            }

            numbers[count++] = number;
        }

        return numbers[..count].ToArray();
    }

    private readonly void Once(string field, bool isFirst)
    {
        if (!isFirst)
        {
            throw Error($"{field} is there twice");
        }
    }

    private JsonTokenType Next() => _json.Read() ? _json.TokenType : throw Error("the header ends too early");

    private readonly string Text(string what)
    {
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Error($"{what} contains half a surrogate pair, which no text may");
        }
    }

    private static string Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "true or false",
    };

    private readonly ModelFormatException Error(string sentence) => new(
        _file,
        $"{(_tensor is null ? string.Empty : $"tensor {Printable.Text(_tensor)}: ")}{sentence} (byte {LengthBytes + _json.TokenStartIndex:N0})",
        _tensor);
}
