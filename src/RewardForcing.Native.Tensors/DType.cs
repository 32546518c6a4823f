namespace RewardForcing.Native.Tensors;

/// <summary>How one element of a tensor is stored.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>Upper half of binary32: 8 exponent and 7 fraction bits.</summary>
    BF16,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>8-bit float, 4 exponent and 3 fraction bits, no infinities (OCP <c>e4m3fn</c>). Storage only.</summary>
    F8E4M3,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,
}
