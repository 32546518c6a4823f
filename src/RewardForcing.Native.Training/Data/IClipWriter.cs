using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Writes rows of training data one after the other. Disposed without <see cref="Flush"/>, it forgets the rows that wait.</summary>
public interface IClipWriter : IDisposable
{
    /// <summary>Shape of every row.</summary>
    Shape ClipShape { get; }

    /// <summary>Rows on disk, those found there included.</summary>
    int Written { get; }

    /// <summary>Adds a row; writes those that wait if they are many.</summary>
    /// <param name="clip">Its values fit the type rows are stored in.</param>
    /// <exception cref="ArgumentException">It has another shape, or a value that cannot be stored.</exception>
    /// <exception cref="IOException">Rows could not be written; they stay, for another attempt.</exception>
    void Append(Clip clip);

    /// <summary>Writes the rows that wait, if any: they are on disk, whole, when this returns.</summary>
    /// <exception cref="IOException">They could not be written; they stay, for another attempt.</exception>
    void Flush();
}
