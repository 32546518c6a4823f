using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>A checkpoint written by <c>torch.save</c> (PyTorch 1.6 or later): a zip of storages and a pickle that arranges them. Its pickle is read as data; nothing in it is run.</summary>
/// <remarks>
/// Tensors are named by their keys, joined by dots where dictionaries are nested: <c>generator.model.blocks.0.ffn.0.bias</c>.
/// Numbers and texts are <see cref="Metadata"/>. Spec: models, section 5.8 and appendix B.
/// </remarks>
public sealed class PyTorchArchive : TensorArchive
{
    private const int MaxPickle = 64 << 20;
    private const int MaxVersion = 10;
    private const int Buffer = 1 << 20;

    private readonly MappedFile _file;
    private readonly bool _verify;
    private readonly EntryTable _table;
    private readonly Dictionary<string, StoredTensor> _stored;
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _verified = new(StringComparer.Ordinal);

    /// <summary>Reads directory and pickle.</summary>
    /// <param name="file">Owned from here on, closed if the checkpoint is refused.</param>
    /// <param name="verifyChecksums">Whether a storage's checksum is computed when one of its tensors is first mapped.</param>
    internal PyTorchArchive(MappedFile file, bool verifyChecksums)
    {
        _file = file;
        _verify = verifyChecksums;
        try
        {
            ZipDirectory directory = ZipDirectory.Read(file);
            ZipRecord pickle = FindPickle(directory);
            string root = pickle.Name[..pickle.Name.IndexOf('/', StringComparison.Ordinal)];
            CheckForm(directory, root);
            object? value = PickleMachine.Read(file.Path, pickle.Name, ReadWhole(pickle, MaxPickle));
            PyTorchContent content = PyTorchContent.Walk(file.Path, root, directory.Records, value);
            (_stored, Groups, Metadata) = (content.Stored, content.Groups, content.Values);
            _table = new EntryTable(content.Entries, static (first, _) => new InvalidOperationException($"{first.Name} was checked before."));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Path => _file.Path;

    /// <inheritdoc/>
    public override string Format => "pytorch-zip";

    /// <inheritdoc/>
    public override IReadOnlyList<TensorEntry> Entries => _table.Entries;

    /// <summary>Numbers and texts of the checkpoint, such as its step, named like its tensors.</summary>
    public override IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Keys at the top whose dictionaries hold tensors, in the file's order, such as <c>generator</c> and <c>critic</c>; <see cref="TensorArchive.Group"/> selects one.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">A <c>.pt</c> or <c>.pth</c> file.</param>
    /// <param name="verifyChecksums">Whether a storage's checksum is computed when one of its tensors is first mapped.</param>
    /// <exception cref="ModelFormatException">It is of another format, damaged, or would do more than describe tensors.</exception>
    public static new PyTorchArchive Open(string path, bool verifyChecksums = true)
    {
        TensorArchive archive = TensorArchive.Open(path, verifyChecksums);
        if (archive is PyTorchArchive checkpoint)
        {
            return checkpoint;
        }

        using (archive)
        {
            throw new ModelFormatException(archive.Path, $"is {archive.Format}, expected a PyTorch checkpoint");
        }
    }

    /// <inheritdoc/>
    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry) => _table.TryGet(name, out entry);

    /// <inheritdoc/>
    public override TensorBytes Map(TensorEntry entry)
    {
        TensorEntry own = _table.Get(entry.Name);
        StoredTensor stored = _stored[own.Name];
        Verify(stored.Record);
        if (stored.IsDense)
        {
            return _file.Map(own.Offset, own.ByteLength, own.Type.Alignment());
        }

        using TensorBytes storage = _file.Map(stored.Record.Offset, stored.Record.Length, 1);
        return StridedCopy.Gather(storage, own, stored);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _file.Dispose();

    private ZipRecord FindPickle(ZipDirectory directory)
    {
        ZipRecord[] pickles = [.. directory.Records.Values.Where(static record => record.Name.EndsWith("/data.pkl", StringComparison.Ordinal) && record.Name.Count(static c => c == '/') == 1)];
        return pickles.Length switch
        {
            1 => pickles[0],
            0 => throw new ModelFormatException(_file.Path, "is a zip without data.pkl, so it is no PyTorch checkpoint"),
            _ => throw new ModelFormatException(_file.Path, $"holds {pickles.Length} checkpoints, {Printable.Text(pickles[0].Name)} and {Printable.Text(pickles[1].Name)}, expected one"),
        };
    }

    private void CheckForm(ZipDirectory directory, string root)
    {
        foreach (string name in directory.Records.Keys)
        {
            if (!name.StartsWith(root + "/", StringComparison.Ordinal))
            {
                throw new ModelFormatException(_file.Path, $"entry {Printable.Text(name)} lies outside the checkpoint's folder {Printable.Text(root)}", name);
            }

            if (name.StartsWith($"{root}/code/", StringComparison.Ordinal) || name == $"{root}/constants.pkl")
            {
                throw new ModelFormatException(
                    _file.Path, $"is a TorchScript program (it has {Printable.Text(name)}), expected a checkpoint of tensors; save its state_dict() with torch.save");
            }
        }

        if (directory.Records.TryGetValue($"{root}/byteorder", out ZipRecord? order))
        {
            string text = Encoding.ASCII.GetString(ReadWhole(order, 16)).Trim();
            _ = text == "little" ? text : throw new ModelFormatException(_file.Path, $"has the byte order \"{Printable.Text(text)}\", expected little", order.Name);
        }

        if (!directory.Records.TryGetValue($"{root}/version", out ZipRecord? version))
        {
            _warnings.Add($"{_file.Path}: it has no entry {Printable.Text(root)}/version; read as version 3.");
        }
        else
        {
            string text = Encoding.ASCII.GetString(ReadWhole(version, 16)).Trim();
            _ = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= MaxVersion ? number
                : throw new ModelFormatException(_file.Path, $"is of version \"{Printable.Text(text)}\", expected 1 to {MaxVersion}", version.Name);
        }
    }

    private byte[] ReadWhole(ZipRecord record, int most)
    {
        if (record.Length > most)
        {
            throw new ModelFormatException(_file.Path, $"entry {Printable.Text(record.Name)} has {record.Length:N0} bytes, expected at most {most:N0}", record.Name);
        }

        byte[] bytes = new byte[record.Length];
        _file.Read(record.Offset, bytes);
        CheckSum(record, Crc32.Of(bytes));
        return bytes;
    }

    // Read, not mapped: a file that shrinks meanwhile gives an error, and pages of the copy need not stay.
    private void Verify(ZipRecord record)
    {
        if (!_verify)
        {
            return;
        }

        lock (_verified)
        {
            if (_verified.Contains(record.Name))
            {
                return;
            }

            Crc32 checksum = new();
            byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(Buffer, record.Length));
            for (long done = 0; done < record.Length;)
            {
                Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, record.Length - done));
                _file.Read(record.Offset + done, part);
                checksum.Append(part);
                done += part.Length;
            }

            CheckSum(record, checksum.Value);
            _verified.Add(record.Name);
        }
    }

    private void CheckSum(ZipRecord record, uint actual)
    {
        if (actual != record.Checksum)
        {
            throw new ModelFormatException(
                _file.Path, $"entry {Printable.Text(record.Name)} is damaged: its checksum is {actual:X8}, expected {record.Checksum:X8} (byte {record.Offset:N0})", record.Name);
        }
    }
}
