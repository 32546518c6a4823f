using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda;

/// <summary>One way to do a product, as a <see cref="CudaBlas"/> proposed it. Valid for that product and library version only.</summary>
/// <remarks>Blittable, with the layout of <c>cublasLtMatmulHeuristicResult_t</c>.</remarks>
[StructLayout(LayoutKind.Sequential)]
public struct BlasAlgorithm
{
    /// <summary>Means something to the library alone.</summary>
    public Opaque Code;

    /// <summary>Scratch memory it needs, in bytes.</summary>
    public nuint WorkspaceBytes;

    /// <summary>Whether this entry may be used.</summary>
    public BlasStatus State;

    /// <summary>How often the multiprocessors are filled by its blocks; whole numbers waste nothing.</summary>
    public float Waves;

    private Reserved _reserved;

    /// <summary>64 bytes.</summary>
    [InlineArray(8)]
    public struct Opaque
    {
        private ulong _first;
    }

    [InlineArray(4)]
    private struct Reserved
    {
        private int _first;
    }
}
