using System.Numerics;

namespace RewardForcing.Native.Ops;

/// <summary>The kernels compiled for a kind of processor.</summary>
internal enum SimdPath
{
    /// <summary>Plain floats: vectors would be emulated.</summary>
    Scalar,

    /// <summary><see cref="Vector{T}"/> with 16 registers: x64 without AVX2.</summary>
    Portable,

    /// <summary><see cref="Vector{T}"/> with 32 registers: Arm.</summary>
    PortableWide,

    /// <summary>AVX2 and FMA.</summary>
    Avx2,

    /// <summary>AVX-512.</summary>
    Avx512,
}
