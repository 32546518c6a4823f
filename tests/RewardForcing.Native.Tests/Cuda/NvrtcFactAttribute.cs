using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>A test that compiles kernels: skipped, and counted so, where the machine has no NVRTC.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NvrtcFactAttribute : FactAttribute
{
    public NvrtcFactAttribute() => Skip = KernelCompiler.Open(out string? problem) is null ? problem : null;
}
