using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>Several files that one index holds together: safetensors, or parts of a PyTorch checkpoint.</summary>
internal sealed class ShardedArchive : TensorArchive
{
    private readonly Dictionary<string, TensorArchive> _shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly ShardIndex _index;
    private readonly EntryTable _table;
    private readonly bool _verify;

    /// <summary>Opens all shards.</summary>
    /// <param name="file">The index; closed when it has been read.</param>
    /// <param name="verifyChecksums">Whether checksums are computed, in formats that have them.</param>
    public ShardedArchive(MappedFile file, bool verifyChecksums)
    {
        _verify = verifyChecksums;
        using (file)
        {
            _index = ShardIndex.Read(file);
        }

        try
        {
            foreach ((string tensor, string name) in _index.Shards)
            {
                if (!_shards.ContainsKey(name))
                {
                    _shards[name] = OpenShard(tensor, name);
                }
            }

            _table = Gather();
        }
        catch
        {
            Dispose();
            throw;
        }

        long size = _table.Entries.Sum(static entry => entry.ByteLength);
        if (_index.TotalSize is long claimed && claimed != size)
        {
            _warnings.Add($"{_index.File}: total_size is {claimed:N0}, but the tensors have {size:N0} bytes; it is not used.");
        }
    }

    public override string Path => _index.File;

    public override string Format => $"{_shards.Values.FirstOrDefault()?.Format ?? "nothing"}, sharded";

    public override IReadOnlyList<TensorEntry> Entries => _table.Entries;

    public override IReadOnlyDictionary<string, string> Metadata => _metadata;

    public override IReadOnlyList<string> Warnings => _warnings;

    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry) => _table.TryGet(name, out entry);

    public override TensorBytes Map(TensorEntry entry) => _shards[_index.Shards[_table.Get(entry.Name).Name]].Map(entry);

    protected override void Dispose(bool disposing)
    {
        foreach (TensorArchive shard in _shards.Values)
        {
            shard.Dispose();
        }
    }

    private TensorArchive OpenShard(string tensor, string name)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(_index.File))!;
        FileInfo shard = new(System.IO.Path.Combine(folder, name));
        if (!shard.Exists && shard.LinkTarget is null)
        {
            throw Refuse(tensor, name, ", but there is no such file beside it");
        }

        if (shard.LinkTarget is not null && !StaysInside(shard, folder))
        {
            throw Refuse(tensor, name, ", which is a link out of the folder; put the file itself there");
        }

        // Shown as the user named the index, not as the system resolves it.
        string shown = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(_index.File) ?? string.Empty, name);
        return ArchiveOpener.OpenFile(MappedFile.Open(shown), _verify);
    }

    // In the cache of Hugging Face's hub, REPOSITORY/snapshots/REVISION/... links to REPOSITORY/blobs; that is inside, too.
    private bool StaysInside(FileInfo link, string folder)
    {
        try
        {
            string? home = System.IO.Path.GetDirectoryName(RealPath.Of(link.FullName));
            string own = RealPath.Of(folder);
            for (DirectoryInfo? parent = new(own); parent is not null; parent = parent.Parent)
            {
                if (parent.Name == "snapshots" && parent.Parent is DirectoryInfo repository)
                {
                    return home == own || home == System.IO.Path.Combine(repository.FullName, "blobs");
                }
            }

            return home == own;
        }
        catch (IOException error)
        {
            throw new ModelFormatException(_index.File, $"names the shard {Printable.Text(link.Name)}, a link that leads nowhere", null, error);
        }
    }

    private ModelFormatException Refuse(string tensor, string name, string why) =>
        new(_index.File, $"names the shard {Printable.Text(name)} for tensor {Printable.Text(tensor)}{why}", tensor);

    private EntryTable Gather()
    {
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        List<TensorEntry> entries = [];
        foreach ((string name, TensorArchive shard) in _shards)
        {
            foreach (TensorEntry entry in shard.Entries)
            {
                if (!found.TryAdd(entry.Name, name))
                {
                    throw new ModelFormatException(
                        _index.File, $"tensor {Printable.Text(entry.Name)} is in two shards, {Printable.Text(found[entry.Name])} and {Printable.Text(name)}", entry.Name);
                }

                if (_index.Shards.ContainsKey(entry.Name))
                {
                    entries.Add(entry);
                }
                else
                {
                    _warnings.Add($"{shard.Path}: tensor {Printable.Text(entry.Name)} is not in the index and is left out.");
                }
            }

            foreach ((string key, string value) in shard.Metadata)
            {
                _metadata.TryAdd(key, value);
            }
        }

        foreach ((string tensor, string name) in _index.Shards)
        {
            if (!found.TryGetValue(tensor, out string? actual) || actual != name)
            {
                string where = actual is null ? "it is in none of the shards" : $"it is in {Printable.Text(actual)}";
                throw new ModelFormatException(_index.File, $"says that tensor {Printable.Text(tensor)} is in {Printable.Text(name)}, but {where}", tensor);
            }
        }

        return new EntryTable(entries, static (first, _) => new InvalidOperationException($"{first.Name} was checked before."));
    }
}
