namespace RewardForcing.Native.Cuda;

/// <summary>Element type of a tensor map; values are those of <c>CUtensorMapDataType</c>.</summary>
public enum TensorMapElement
{
    /// <summary>8-bit integers, or 8-bit floats.</summary>
    UInt8 = 0,

    /// <summary>16-bit integers.</summary>
    UInt16 = 1,

    /// <summary>32-bit integers.</summary>
    UInt32 = 2,

    /// <summary>Signed 32-bit integers.</summary>
    Int32 = 3,

    /// <summary>IEEE 754 binary16.</summary>
    Float16 = 6,

    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 7,

    /// <summary>bfloat16.</summary>
    BFloat16 = 9,
}
