namespace RewardForcing.Native.Cuda;

/// <summary>Element type of a matrix; values are those of <c>cudaDataType</c>.</summary>
public enum BlasElement
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 0,

    /// <summary>IEEE 754 binary16.</summary>
    Float16 = 2,

    /// <summary>bfloat16.</summary>
    BFloat16 = 14,

    /// <summary>8-bit float, 4 exponent bits.</summary>
    Float8E4M3 = 28,

    /// <summary>8-bit float, 5 exponent bits.</summary>
    Float8E5M2 = 29,
}
