using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Rows of training data on disk, read one at a time, in any order, from any thread.</summary>
public interface IClipStore : IDisposable
{
    /// <summary>Number of rows; at least one.</summary>
    int Count { get; }

    /// <summary>What the rows are.</summary>
    ClipKind Kind { get; }

    /// <summary>Shape of every row.</summary>
    Shape ClipShape { get; }

    /// <summary>Text that whoever wrote the rows left beside them, such as how they were made; empty for stores that have none.</summary>
    IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>The prompt of a row, without reading the row.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ModelFormatException">It cannot be read.</exception>
    string Prompt(int index);

    /// <summary>Reads a row.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ModelFormatException">It cannot be read, or holds a value that is not finite.</exception>
    Clip Read(int index);
}
