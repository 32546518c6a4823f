namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>How the bits of a PTX type are read.</summary>
public enum PtxKind
{
    /// <summary>Untyped bits.</summary>
    Bits,

    /// <summary>Unsigned integer.</summary>
    Unsigned,

    /// <summary>Two's complement integer.</summary>
    Signed,

    /// <summary>IEEE 754 binary16, binary32 or binary64.</summary>
    Float,

    /// <summary>bfloat16.</summary>
    BFloat,

    /// <summary>binary32 with 10 mantissa bits.</summary>
    Tf32,

    /// <summary>8-bit float with 4 exponent bits.</summary>
    E4M3,

    /// <summary>8-bit float with 5 exponent bits.</summary>
    E5M2,

    /// <summary>One bit per lane.</summary>
    Predicate,
}
