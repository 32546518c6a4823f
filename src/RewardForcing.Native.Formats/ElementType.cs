namespace RewardForcing.Native.Formats;

/// <summary>How a file stores the elements of a tensor.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>Upper half of binary32.</summary>
    BF16,

    /// <summary>8-bit float, 4 exponent and 3 fraction bits, no infinities.</summary>
    F8E4M3,

    /// <summary>8-bit float, 5 exponent and 2 fraction bits.</summary>
    F8E5M2,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>A byte, 0 or 1.</summary>
    Bool,

    /// <summary>4-bit float, two to a byte.</summary>
    F4,

    /// <summary>6-bit float, 2 exponent and 3 fraction bits.</summary>
    F6E2M3,

    /// <summary>6-bit float, 3 exponent and 2 fraction bits.</summary>
    F6E3M2,

    /// <summary>8-bit power of two without sign.</summary>
    F8E8M0,
}
