using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.Ops;

/// <summary>Which kernels this machine runs.</summary>
internal static class SimdPaths
{
    /// <summary>The fastest path of this machine; settings such as <c>DOTNET_EnableAVX512=0</c> are respected.</summary>
    public static SimdPath Best =>
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? SimdPath.Avx512
        : Fma.IsSupported && Avx2.IsSupported ? SimdPath.Avx2
        : AdvSimd.IsSupported ? SimdPath.PortableWide
        : Vector.IsHardwareAccelerated ? SimdPath.Portable
        : SimdPath.Scalar;

    /// <summary>Every path that gives right results here, slow ones included.</summary>
    public static IReadOnlyList<SimdPath> Supported =>
        [.. Enum.GetValues<SimdPath>().Where(static path => path <= SimdPath.PortableWide || path <= Best)];

    /// <summary>Does work with the tiles of a path.</summary>
    public static void Run<TWork>(SimdPath path, TWork work)
        where TWork : ITileWork
    {
        switch (path)
        {
            case SimdPath.Avx512:
                work.Run<Simd512, Vector512<float>, WideTile<Simd512, Vector512<float>>>();
                break;
            case SimdPath.Avx2:
                work.Run<Simd256, Vector256<float>, NarrowTile<Simd256, Vector256<float>>>();
                break;
            case SimdPath.PortableWide:
                work.Run<SimdPortable, Vector<float>, WideTile<SimdPortable, Vector<float>>>();
                break;
            case SimdPath.Portable:
                work.Run<SimdPortable, Vector<float>, NarrowTile<SimdPortable, Vector<float>>>();
                break;
            default:
                work.Run<SimdScalar, float, NarrowTile<SimdScalar, float>>();
                break;
        }
    }
}
