using RewardForcing.Native.Cuda.Compilation;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>The theory among tests that compile kernels: skipped, and counted so, where the machine has no NVRTC.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NvrtcTheoryAttribute : TheoryAttribute
{
    public NvrtcTheoryAttribute() => Skip = KernelCompiler.Open(out string? problem) is null ? problem : null;
}
