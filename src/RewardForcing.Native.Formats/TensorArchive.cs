using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>A file, or several that belong together, of named tensors.</summary>
public abstract class TensorArchive : IDisposable
{
    /// <summary>What was opened.</summary>
    public abstract string Path { get; }

    /// <summary>Name of the format.</summary>
    public abstract string Format { get; }

    /// <summary>All tensors, sorted by name (ordinal).</summary>
    public abstract IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Text the file carries beside its tensors.</summary>
    public abstract IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>What is odd about the file but does no harm, one sentence each.</summary>
    public virtual IReadOnlyList<string> Warnings => [];

    /// <summary>Opens tensors of any known format. Only headers are read; whatever a file claims is checked against its size first.</summary>
    /// <param name="path">
    /// A file, recognised by its content; the index of a sharded one; or a folder that holds one index or else one such file.
    /// </param>
    /// <param name="verifyChecksums">Whether checksums are computed, in formats that have them, when a tensor is first mapped.</param>
    /// <exception cref="ModelFormatException">The path leads to nothing of that kind, or the file is damaged; the message says what and where.</exception>
    public static TensorArchive Open(string path, bool verifyChecksums = true) => ArchiveOpener.Open(path, verifyChecksums);

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">Key, verbatim.</param>
    /// <param name="entry">The tensor.</param>
    public abstract bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry);

    /// <summary>Makes the elements of a tensor readable, row-major and aligned: in place where the file stores them so, else as a copy. Mappings outlive the archive.</summary>
    /// <param name="entry">A tensor of this archive.</param>
    /// <remarks>
    /// A file that is replaced by another under its name, as this project's writers do, stays readable as it was. One that is cut short in place while
    /// it is mapped is not: the system ends the process that reads a page behind the new end.
    /// </remarks>
    /// <exception cref="ModelFormatException">The file has changed since it was opened, or its checksum is wrong.</exception>
    public abstract TensorBytes Map(TensorEntry entry);

    /// <summary>The same tensors under other names. The view needs this archive open and does not close it.</summary>
    /// <param name="rename">The new name of a tensor, or null to leave it out.</param>
    /// <exception cref="ModelFormatException">Two tensors would get the same name.</exception>
    public TensorArchive Rename(Func<string, string?> rename) => new ArchiveView(this, rename);

    /// <summary>The tensors whose names begin with <c>name.</c>, without it: one of the networks a training checkpoint holds.</summary>
    /// <param name="name">Such as <c>generator_ema</c>.</param>
    /// <exception cref="ModelFormatException">There are none; the message lists the groups there are.</exception>
    public TensorArchive Group(string name)
    {
        string prefix = name + ".";
        TensorArchive group = Rename(key => key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : null);
        if (group.Entries.Count > 0)
        {
            return group;
        }

        IEnumerable<string> groups = Entries.Select(static entry => Printable.Text(entry.Name.Split('.')[0])).Distinct(StringComparer.Ordinal);
        throw new ModelFormatException(Path, $"has no tensors under {Printable.Text(name)}, only under {string.Join(", ", groups.Take(20))}", name);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the files.</summary>
    /// <param name="disposing">Always true; there is no finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
