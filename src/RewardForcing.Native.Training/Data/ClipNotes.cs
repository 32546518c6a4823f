using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Says why rows cannot go where others are already.</summary>
internal static class ClipNotes
{
    /// <summary>Refuses to continue rows of another shape, or rows that were made otherwise.</summary>
    /// <param name="folder">For messages.</param>
    /// <param name="found">What is there.</param>
    /// <param name="wanted">What is to come.</param>
    /// <exception cref="ModelFormatException">They differ.</exception>
    public static void RefuseOthers(string folder, (Shape Shape, IReadOnlyDictionary<string, string> Notes) found, (Shape Shape, IReadOnlyDictionary<string, string> Notes) wanted)
    {
        if (found.Shape != wanted.Shape)
        {
            throw new ModelFormatException(folder, $"holds rows of {found.Shape}, expected {wanted.Shape} to continue it; choose another folder");
        }

        string? other = wanted.Notes.Keys.Union(found.Notes.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .FirstOrDefault(key => wanted.Notes.GetValueOrDefault(key) != found.Notes.GetValueOrDefault(key));
        if (other is not null)
        {
            throw new ModelFormatException(folder, $"holds rows made with {Printable.Text(other)} {Shown(found.Notes, other)}, expected {Shown(wanted.Notes, other)} to continue it; choose another folder");
        }
    }

    /// <summary>Refuses a row of another shape than the others.</summary>
    /// <exception cref="ArgumentException">It is.</exception>
    public static void RefuseOtherShape(Clip clip, Shape expected)
    {
        if (clip.Shape != expected || clip.Values.Length != expected.Count)
        {
            throw new ArgumentException($"clips: expected {expected}, got {clip.Shape} with {clip.Values.Length} values.", nameof(clip));
        }
    }

    private static string Shown(IReadOnlyDictionary<string, string> notes, string key) => notes.TryGetValue(key, out string? note) ? Printable.Text(note) : "not given";
}
