namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A variable of a module, kernel or thread, or a parameter.</summary>
public sealed class PtxVariable
{
    /// <summary>As written.</summary>
    public required string Name { get; init; }

    /// <summary>Where it lives.</summary>
    public required PtxSpace Space { get; init; }

    /// <summary>Type of its elements.</summary>
    public required PtxType Element { get; init; }

    /// <summary>What its address is a multiple of.</summary>
    public required int Alignment { get; init; }

    /// <summary>Size; 0 for a dynamic shared array.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether its size is given at launch (<c>.extern .shared sm[]</c>).</summary>
    public bool IsDynamic { get; init; }

    /// <summary>First value, or null for none. Shorter than <see cref="Bytes"/> where the rest is zero.</summary>
    public byte[]? Initial { get; init; }

    /// <summary>Places in the first value that take the address of another variable.</summary>
    public IReadOnlyList<PtxReference> References { get; init; } = [];

    /// <summary>Offset within its space, once laid out.</summary>
    public long Offset { get; set; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
