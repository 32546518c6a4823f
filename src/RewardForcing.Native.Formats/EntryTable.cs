using System.Diagnostics.CodeAnalysis;

namespace RewardForcing.Native.Formats;

/// <summary>Entries sorted by name; a name is found by bisection, so that a million tensors need no dictionary.</summary>
internal sealed class EntryTable
{
    private readonly TensorEntry[] _entries;

    /// <summary>Sorts entries.</summary>
    /// <param name="entries">In any order.</param>
    /// <param name="duplicate">Makes the error for two entries of one name.</param>
    public EntryTable(IEnumerable<TensorEntry> entries, Func<TensorEntry, TensorEntry, Exception> duplicate)
    {
        _entries = [.. entries];
        Array.Sort(_entries, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (int i = 1; i < _entries.Length; i++)
        {
            if (string.Equals(_entries[i - 1].Name, _entries[i].Name, StringComparison.Ordinal))
            {
                throw duplicate(_entries[i - 1], _entries[i]);
            }
        }
    }

    public IReadOnlyList<TensorEntry> Entries => _entries;

    public bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? entry)
    {
        int low = 0;
        for (int high = _entries.Length; low < high;)
        {
            int middle = low + ((high - low) / 2);
            int order = string.CompareOrdinal(_entries[middle].Name, name);
            if (order == 0)
            {
                entry = _entries[middle];
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        entry = null;
        return false;
    }

    /// <summary>The entry of a name that has to be there.</summary>
    public TensorEntry Get(string name) => TryGet(name, out TensorEntry? entry) ? entry
        : throw new ArgumentException($"tensor {Printable.Text(name)} is not in this archive.", nameof(name));
}
