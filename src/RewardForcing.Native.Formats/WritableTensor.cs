namespace RewardForcing.Native.Formats;

/// <summary>A tensor about to be written. Its bytes are asked for once, when their turn comes, so a file may be larger than memory.</summary>
/// <param name="Name">Key, verbatim.</param>
/// <param name="Type">How elements are stored.</param>
/// <param name="Shape">Extents, outermost first; none for a scalar.</param>
/// <param name="Write">Writes the elements, row-major and little-endian, exactly as many bytes as <paramref name="Type"/> and <paramref name="Shape"/> say.</param>
public sealed record WritableTensor(string Name, ElementType Type, long[] Shape, Action<Stream> Write)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, static (count, extent) => checked(count * extent));
}
