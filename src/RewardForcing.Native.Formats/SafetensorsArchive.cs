using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>One safetensors file, mapped.</summary>
internal sealed class SafetensorsArchive : TensorArchive
{
    private readonly MappedFile _file;
    private readonly EntryTable _table;

    /// <summary>Reads the header.</summary>
    /// <param name="file">Owned from here on, closed if the header is refused.</param>
    public SafetensorsArchive(MappedFile file)
    {
        _file = file;
        try
        {
            (_table, Metadata) = SafetensorsHeader.Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override string Path => _file.Path;

    public override string Format => "safetensors";

    public override IReadOnlyList<TensorEntry> Entries => _table.Entries;

    public override IReadOnlyDictionary<string, string> Metadata { get; }

    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry) => _table.TryGet(name, out entry);

    public override TensorBytes Map(TensorEntry entry)
    {
        TensorEntry own = _table.Get(entry.Name);
        return _file.Map(own.Offset, own.ByteLength, own.Type.Alignment());
    }

    protected override void Dispose(bool disposing) => _file.Dispose();
}
