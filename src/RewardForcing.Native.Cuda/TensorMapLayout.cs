namespace RewardForcing.Native.Cuda;

/// <summary>What a tensor map describes: a dense tensor in global memory and the box one copy instruction moves.</summary>
/// <remarks>
/// Dimensions come innermost first, as the copy instructions take coordinates. Elements outside the tensor are read as zero and not
/// written. Limits (PTX ISA, "tensor-map"): rank 1 to 5; address and strides are multiples of 16 bytes; a box extent is 1 to 256; the inner
/// extent of a box is a multiple of 16 bytes.
/// </remarks>
public readonly ref struct TensorMapLayout
{
    /// <summary>Element type.</summary>
    public required TensorMapElement Element { get; init; }

    /// <summary>Address of the first element in global memory.</summary>
    public required ulong Address { get; init; }

    /// <summary>Extents in elements, innermost first; its length is the rank.</summary>
    public required ReadOnlySpan<ulong> Extents { get; init; }

    /// <summary>Bytes from one entry to the next for every dimension but the innermost: one less than the rank.</summary>
    public required ReadOnlySpan<ulong> ByteStrides { get; init; }

    /// <summary>Extents of the box in elements, innermost first.</summary>
    public required ReadOnlySpan<uint> Box { get; init; }

    /// <summary>Layout of the box in shared memory.</summary>
    public TensorMapSwizzle Swizzle { get; init; }
}
