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
}
