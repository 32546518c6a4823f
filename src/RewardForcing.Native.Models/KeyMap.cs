namespace RewardForcing.Native.Models;

/// <summary>Translates the names of an archive's entries to the keys a network declares.</summary>
/// <param name="layout">What the archive looks like, for messages: <c>original</c>, <c>diffusers</c> and so on.</param>
/// <param name="rename">Gives the key of an entry; null for an entry that is known to be of no use. A name it does not know comes back as it is.</param>
public sealed class KeyMap(string layout, Func<string, string?> rename)
{
    /// <summary>Entries are named as declared.</summary>
    public static KeyMap Identity { get; } = new("original", static name => name);

    /// <summary>What the archive looks like, for messages.</summary>
    public string Layout { get; } = layout;

    /// <summary>The declared key of an entry, or null if it is to be passed over.</summary>
    /// <param name="entry">Name of the entry in the archive.</param>
    public string? KeyOf(string entry) => rename(entry);

    /// <summary>A map given as a table; names that are not in it come back as they are.</summary>
    /// <param name="layout">What the archive looks like.</param>
    /// <param name="table">From the entry's name to the declared key.</param>
    /// <param name="ignored">Says which entries are of no use; may be null.</param>
    public static KeyMap FromTable(string layout, IReadOnlyDictionary<string, string> table, Func<string, bool>? ignored = null) =>
        new(layout, name => table.TryGetValue(name, out string? key) ? key : ignored?.Invoke(name) == true ? null : name);
}
