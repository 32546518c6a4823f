namespace RewardForcing.Native.Cuda;

/// <summary>How a tensor map scatters a box in shared memory; values are those of <c>CUtensorMapSwizzle</c>.</summary>
/// <remarks>The innermost extent of a swizzled box, in bytes, is at most the number in the name.</remarks>
public enum TensorMapSwizzle
{
    /// <summary>Rows follow each other.</summary>
    None = 0,

    /// <summary>Address bit 4 is exclusive-ored with bit 7.</summary>
    Bytes32 = 1,

    /// <summary>Address bits 4 and 5 are exclusive-ored with bits 7 and 8.</summary>
    Bytes64 = 2,

    /// <summary>Address bits 4 to 6 are exclusive-ored with bits 7 to 9.</summary>
    Bytes128 = 3,
}
