using RewardForcing.Native.Cuda;
using Xunit;

namespace RewardForcing.Native.Tests.Cuda;

/// <summary>A theory about one of NVIDIA's libraries: skipped, and counted so, where the machine does not have it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CudaLibraryTheoryAttribute : TheoryAttribute
{
    public CudaLibraryTheoryAttribute(CudaLibrary library) =>
        Skip = CudaLibraries.Find(library, out _).Location is null ? $"absent: {CudaLibraries.Title(library)}" : null;
}
