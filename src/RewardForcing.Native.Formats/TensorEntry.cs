namespace RewardForcing.Native.Formats;

/// <summary>One tensor of an archive.</summary>
/// <param name="Name">Key, verbatim.</param>
/// <param name="Type">How elements are stored.</param>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="ByteLength">Bytes of all elements.</param>
/// <param name="File">The file that holds them.</param>
public sealed record TensorEntry(string Name, ElementType Type, long[] Shape, long ByteLength, string File)
{
    /// <summary>Where the elements start in a file that stores them in one piece, bytes from its start.</summary>
    internal long Offset { get; init; }
}
