using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Walks the dictionary a checkpoint holds: names its tensors, checks each against its storage, and keeps plain values as text.</summary>
internal sealed class PyTorchContent
{
    private const int MaxDepth = 64;
    private const int MaxVisits = 1_000_000;
    private const int MaxNames = 64 << 20;
    private const int MaxText = 200;

    // A view may repeat elements; what it may unfold to has a limit that does not depend on what the file claims.
    private const long MaxUnfolded = 16 << 20;

    private readonly string _file;
    private readonly string _root;
    private readonly IReadOnlyDictionary<string, ZipRecord> _records;
    private long _visits;
    private long _names;

    private PyTorchContent(string file, string root, IReadOnlyDictionary<string, ZipRecord> records) => (_file, _root, _records) = (file, root, records);

    /// <summary>The tensors, named by the path of keys that leads to them.</summary>
    public List<TensorEntry> Entries { get; } = [];

    /// <summary>Where the tensors lie.</summary>
    public Dictionary<string, StoredTensor> Stored { get; } = new(StringComparer.Ordinal);

    /// <summary>Numbers and texts, named like the tensors.</summary>
    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys at the top that hold dictionaries with tensors.</summary>
    public List<string> Groups { get; } = [];

    /// <summary>Walks the value of a pickle.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="root">Folder of all entries.</param>
    /// <param name="records">All entries.</param>
    /// <param name="value">What the pickle describes.</param>
    public static PyTorchContent Walk(string file, string root, IReadOnlyDictionary<string, ZipRecord> records, object? value)
    {
        PyTorchContent content = new(file, root, records);
        if (value is not PickleDictionary top)
        {
            throw new ModelFormatException(file, $"holds {Kind(value)}, expected a dictionary of tensors");
        }

        foreach ((object? key, object? item) in top.Items)
        {
            string name = key as string ?? throw new ModelFormatException(file, $"has {Kind(key)} as a key at its top, expected names of tensors or groups");
            int before = content.Entries.Count;
            content.Visit(name, item, 1);
            if (item is PickleDictionary && content.Entries.Count > before)
            {
                content.Groups.Add(name);
            }
        }

        return content.Entries.Count > 0 ? content
            : throw new ModelFormatException(file, $"holds no tensors; the keys at its top are {string.Join(", ", top.Items.Take(20).Select(static item => Printable.Text(item.Key as string ?? string.Empty)))}");
    }

    private void Visit(string name, object? value, int depth)
    {
        // A value may be reached on many ways, and its name grows with each: what a small file unfolds to has an end.
        _visits += 1 + (value is PickleSequence { Items.Count: int count } ? count : 0);
        _names += name.Length;
        if (_visits > MaxVisits || _names > MaxNames || depth > MaxDepth)
        {
            throw TooDeep(name);
        }

        switch (value)
        {
            case PickleTensor tensor:
                Add(name, tensor);
                break;
            case PickleDictionary dictionary:
                foreach ((object? key, object? item) in dictionary.Items)
                {
                    string part = key as string ?? (key is long number ? number.ToString(CultureInfo.InvariantCulture)
                        : throw new ModelFormatException(_file, $"has {Kind(key)} as a key under {Printable.Text(name)}, expected names", name));
                    Visit($"{name}.{part}", item, depth + 1);
                }

                break;
            case PickleSequence sequence when sequence.Items.Any(static item => item is PickleTensor or PickleDictionary):
                for (int i = 0; i < sequence.Items.Count; i++)
                {
                    Visit(string.Create(CultureInfo.InvariantCulture, $"{name}.{i}"), sequence.Items[i], depth + 1);
                }

                break;
            case null or PickleOpaque:
                break;
            default:
                StringBuilder text = new();
                Describe(name, value, text, depth);
                Values[name] = text.Length > MaxText && value is not string ? $"{text.ToString(0, MaxText)}..." : text.ToString();
                break;
        }
    }

    private void Describe(string name, object? value, StringBuilder text, int depth)
    {
        if (depth > MaxDepth)
        {
            throw TooDeep(name);
        }

        if (value is not PickleSequence sequence)
        {
            text.Append(value switch
            {
                null => "null",
                bool flag => flag ? "true" : "false",
                IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
                PickleOpaque opaque => opaque.What,
                string plain => plain,
                _ => Kind(value),
            });
            return;
        }

        text.Append(sequence.IsTuple ? '(' : '[');
        for (int i = 0; i < sequence.Items.Count && text.Length <= MaxText; i++)
        {
            text.Append(i > 0 ? ", " : string.Empty);
            Describe(name, sequence.Items[i], text, depth + 1);
        }

        text.Append(sequence.IsTuple ? ')' : ']');
    }

    private void Add(string name, PickleTensor tensor)
    {
        PickleStorage storage = tensor.Storage;
        string record = $"{_root}/data/{storage.Key}";
        if (!_records.TryGetValue(record, out ZipRecord? stored))
        {
            throw Error(name, $"has its elements in entry {record}, which is not in the file");
        }

        long bytes = storage.Count * (storage.Type.Bits() / 8);
        if (stored.Length != bytes)
        {
            throw Error(name, $"has {storage.Count:N0} elements of {storage.Type} in its storage, which is {bytes:N0} bytes, but entry {record} has {stored.Length:N0}");
        }

        (long[] size, long[] strides) = (tensor.Size, tensor.Strides);
        if (size.Length != strides.Length || size.Length > SafetensorsHeader.MaxRank)
        {
            throw Error(name, $"has sizes {Printable.Extents(size)} and strides {Printable.Extents(strides)}, expected as many of each and at most {SafetensorsHeader.MaxRank}");
        }

        if (tensor.Offset < 0 || size.Any(static extent => extent < 0) || strides.Any(static stride => stride < 0))
        {
            throw Error(name, $"has a negative number among sizes {Printable.Extents(size)}, strides {Printable.Extents(strides)}, offset {tensor.Offset}");
        }

        long length = storage.Type.Bytes(size) ?? throw Error(name, $"overflows with {Printable.Extents(size)} of {storage.Type}");
        UInt128 last = (UInt128)tensor.Offset;
        for (int i = 0; i < size.Length; i++)
        {
            last += length == 0 ? 0 : (UInt128)(size[i] - 1) * (UInt128)strides[i];
        }

        if (length == 0 ? last > (UInt128)storage.Count : last >= (UInt128)storage.Count)
        {
            throw Error(name, $"reaches element {last} of a storage of {storage.Count:N0}: sizes {Printable.Extents(size)}, strides {Printable.Extents(strides)}, offset {tensor.Offset}");
        }

        bool isDense = length == 0 || IsDense(size, strides);
        if (!isDense && length > Math.Max(bytes, MaxUnfolded))
        {
            throw Error(name, $"would unfold {bytes:N0} stored bytes to {length:N0}, more than its storage and more than {MaxUnfolded:N0}");
        }

        TensorEntry entry = new(name, storage.Type, size, length, _file) { Offset = stored.Offset + (tensor.Offset * (storage.Type.Bits() / 8)) };
        Entries.Add(entry);
        if (!Stored.TryAdd(name, new StoredTensor(stored, tensor.Offset, strides, isDense)))
        {
            throw Error(name, "is in the checkpoint twice");
        }
    }

    private static bool IsDense(long[] size, long[] strides)
    {
        long expected = 1;
        for (int i = size.Length - 1; i >= 0; i--)
        {
            // The stride of a single index is never used.
            if (size[i] != 1 && strides[i] != expected)
            {
                return false;
            }

            expected *= size[i];
        }

        return true;
    }

    private static string Kind(object? value) => value switch
    {
        null => "None",
        PickleTensor => "a single tensor",
        PickleSequence sequence => sequence.IsTuple ? "a tuple" : "a list",
        PickleDictionary => "a dictionary",
        string => "a text",
        bool or long or double => string.Create(CultureInfo.InvariantCulture, $"the number {value}"),
        _ => "something else",
    };

    private ModelFormatException TooDeep(string name) =>
        new(_file, $"is nested deeper than {MaxDepth} levels, without end or with too many values, under {Printable.Text(name)}", name);

    private ModelFormatException Error(string name, string sentence) => new(_file, $"tensor {Printable.Text(name)} {sentence}", name);
}
