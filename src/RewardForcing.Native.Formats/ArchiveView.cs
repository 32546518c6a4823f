using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>Some tensors of another archive under other names. It shares that archive's mapping and does not close it.</summary>
internal sealed class ArchiveView : TensorArchive
{
    private readonly TensorArchive _source;
    private readonly EntryTable _table;
    private readonly Dictionary<string, string> _sourceNames = new(StringComparer.Ordinal);

    /// <summary>Renames.</summary>
    /// <param name="source">Has to stay open.</param>
    /// <param name="rename">The new name of a tensor, or null to leave it out.</param>
    public ArchiveView(TensorArchive source, Func<string, string?> rename)
    {
        _source = source;
        List<TensorEntry> entries = [];
        foreach (TensorEntry entry in source.Entries)
        {
            if (rename(entry.Name) is not string name)
            {
                continue;
            }

            if (!_sourceNames.TryAdd(name, entry.Name))
            {
                throw new ModelFormatException(
                    source.Path,
                    $"tensors {Printable.Text(_sourceNames[name])} and {Printable.Text(entry.Name)} are both {Printable.Text(name)} once their prefixes are removed",
                    name);
            }

            entries.Add(entry with { Name = name });
        }

        _table = new EntryTable(entries, static (first, _) => new InvalidOperationException($"{first.Name} was checked before."));
    }

    public override string Path => _source.Path;

    public override string Format => _source.Format;

    public override IReadOnlyList<TensorEntry> Entries => _table.Entries;

    public override IReadOnlyDictionary<string, string> Metadata => _source.Metadata;

    public override IReadOnlyList<string> Warnings => _source.Warnings;

    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry) => _table.TryGet(name, out entry);

    public override TensorBytes Map(TensorEntry entry)
    {
        _table.Get(entry.Name);
        return _source.TryGet(_sourceNames[entry.Name], out TensorEntry? source) ? _source.Map(source)
            : throw new InvalidOperationException($"{_sourceNames[entry.Name]} has left its archive.");
    }
}
