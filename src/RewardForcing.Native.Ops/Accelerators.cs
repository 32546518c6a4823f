using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.Ops;

/// <summary>Tells what the machine has for devices other than the CPU, without naming their types.</summary>
public static class Accelerators
{
    /// <summary>Looks for the CUDA driver, NVRTC, cuBLAS and cuBLASLt. Loads those that are there; opens no device.</summary>
    /// <returns>One report for each library.</returns>
    public static IReadOnlyList<NativeLibraryReport> Probe() =>
        [.. CudaLibraries.Search().Select(static found => new NativeLibraryReport(found.Name, found.Location, found.Version, found.Tried))];

    /// <summary>Asks the driver for its devices. Opens none.</summary>
    public static AcceleratorReport Devices()
    {
        IReadOnlyList<string> devices = CudaMachine.List(out string? problem);
        return new AcceleratorReport(devices, problem);
    }
}
