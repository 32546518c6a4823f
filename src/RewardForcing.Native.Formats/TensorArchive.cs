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

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">Key, verbatim.</param>
    /// <param name="entry">The tensor.</param>
    public abstract bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry);

    /// <summary>Makes the elements of a tensor readable; mappings outlive the archive.</summary>
    /// <param name="entry">A tensor of this archive.</param>
    public abstract TensorBytes Map(TensorEntry entry);

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
