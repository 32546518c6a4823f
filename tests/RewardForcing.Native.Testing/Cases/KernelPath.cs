using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>Tells which kernels the CPU device of this process runs.</summary>
public static class KernelPath
{
    /// <summary>Such as <c>Avx512</c> or <c>Scalar</c>; settings such as <c>DOTNET_EnableAVX512=0</c> change it.</summary>
    public static string Name => SimdPaths.Best.ToString();
}
