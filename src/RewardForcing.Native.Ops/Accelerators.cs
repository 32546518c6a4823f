using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.Ops;

/// <summary>Tells what the machine has for devices other than the CPU, without naming their types.</summary>
public static class Accelerators
{
    /// <summary>Looks for the CUDA driver, NVRTC, cuBLAS and cuBLASLt. Loads those that are there; opens no device.</summary>
    /// <returns>One report for each library.</returns>
    public static IReadOnlyList<NativeLibraryReport> Probe() =>
        [.. CudaLibraries.Search().Select(static found => new NativeLibraryReport(found.Name, found.Location, found.Version, found.Tried))];

    /// <summary>Where compiled kernels and measured choices are kept between runs.</summary>
    public static string CacheFolder => KernelCache.UserFolder;

    /// <summary>Asks the driver for its devices. Opens none.</summary>
    public static AcceleratorReport Devices()
    {
        IReadOnlyList<string> devices = CudaMachine.List(out string? problem);
        return new AcceleratorReport(devices, problem);
    }
}
