using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>Several safetensors files that one index holds together.</summary>
internal sealed class ShardedArchive : TensorArchive
{
    private readonly Dictionary<string, SafetensorsArchive> _shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly ShardIndex _index;
    private readonly EntryTable _table;

    /// <summary>Opens all shards.</summary>
    /// <param name="file">The index; closed when it has been read.</param>
    public ShardedArchive(MappedFile file)
    {
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

    public override string Format => "safetensors, sharded";

    public override IReadOnlyList<TensorEntry> Entries => _table.Entries;

    public override IReadOnlyDictionary<string, string> Metadata => _metadata;

    public override IReadOnlyList<string> Warnings => _warnings;

    public override bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry) => _table.TryGet(name, out entry);

    public override TensorBytes Map(TensorEntry entry) => _shards[_index.Shards[_table.Get(entry.Name).Name]].Map(entry);

    protected override void Dispose(bool disposing)
    {
        foreach (SafetensorsArchive shard in _shards.Values)
        {
            shard.Dispose();
        }
    }

    private SafetensorsArchive OpenShard(string tensor, string name)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(_index.File))!;
        string path = System.IO.Path.Combine(folder, name);
        FileInfo shard = new(path);
        if (!shard.Exists && shard.LinkTarget is null)
        {
            throw new ModelFormatException(_index.File, $"names the shard {Printable.Text(name)} for tensor {Printable.Text(tensor)}, but there is no such file beside it", tensor);
        }

        if (shard.LinkTarget is not null && !StaysInside(shard, folder))
        {
            throw new ModelFormatException(_index.File, $"names the shard {Printable.Text(name)} for tensor {Printable.Text(tensor)}, which is a link out of the folder; put the file itself there", tensor);
        }

        // Shown as the user named the index, not as the system resolves it.
        string shown = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(_index.File) ?? string.Empty, name);
        return new SafetensorsArchive(MappedFile.Open(shown));
    }

    // In the cache of Hugging Face's hub, REPOSITORY/snapshots/REVISION/... links to REPOSITORY/blobs; that is inside, too.
    private bool StaysInside(FileInfo link, string folder)
    {
        string? target;
        try
        {
            target = link.ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        }
        catch (IOException error)
        {
            throw new ModelFormatException(_index.File, $"names the shard {Printable.Text(link.Name)}, a link that leads nowhere", null, error);
        }

        string? home = System.IO.Path.GetDirectoryName(target);
        if (home == folder)
        {
            return true;
        }

        for (DirectoryInfo? parent = new(folder); parent is not null; parent = parent.Parent)
        {
            if (parent.Name == "snapshots" && parent.Parent is DirectoryInfo repository)
            {
                return home == System.IO.Path.Combine(repository.FullName, "blobs");
            }
        }

        return false;
    }

    private EntryTable Gather()
    {
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        List<TensorEntry> entries = [];
        foreach ((string name, SafetensorsArchive shard) in _shards)
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
