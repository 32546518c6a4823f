using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.Cuda.Interop;

namespace RewardForcing.Native.Cuda;

/// <summary>Opens the CUDA devices of this machine, or says in one sentence why that cannot be.</summary>
public static class CudaMachine
{
    private const int OldestDriver = 12000;
    private const string Instead = "or use --device cpu";

    /// <summary>Opens a device with the driver and the NVRTC that are installed.</summary>
    /// <param name="ordinal">Number of the device, from 0.</param>
    /// <param name="sources">The kernels.</param>
    /// <param name="watch">What is to be told and waited for after each launch; null for nothing.</param>
    /// <exception cref="NotSupportedException">Driver, device or NVRTC are missing or too old; the message says which, where it was looked for, and what to do.</exception>
    public static CudaDevice Open(int ordinal, KernelSources sources, LaunchWatch? watch = null)
    {
        NativeDriver driver = Bind(ordinal, out string location);
        Require(driver, ordinal, location);
        var cache = KernelCache.OpenDefault();
        ProductTimings timings = new(Path.Combine(KernelCache.UserFolder, "products"));
        return cache.IsUsable ? new CudaDevice(driver, ordinal, sources, cache, timings: timings, watch: watch)
            : throw new NotSupportedException($"device cuda:{ordinal}: {cache.Missing}");
    }

    /// <summary>Opens the driver that is installed, for tools that use no kernels of ours.</summary>
    /// <param name="ordinal">Number of the device that is to be used, from 0.</param>
    /// <exception cref="NotSupportedException">Driver or device are missing or too old; the message says which, where it was looked for, and what to do.</exception>
    public static CudaDriver OpenDriver(int ordinal)
    {
        NativeDriver driver = Bind(ordinal, out string location);
        Require(driver, ordinal, location);
        return driver;
    }

    /// <summary>Describes every device of this machine in a line; opens none.</summary>
    /// <param name="problem">Where the list is empty: one sentence on why.</param>
    public static IReadOnlyList<string> List(out string? problem)
    {
        problem = null;
        List<string> devices = [];
        try
        {
            NativeDriver driver = Bind(0, out string location);
            Require(driver, 0, location);
            _ = driver.GetDeviceCount(out int count);
            for (int ordinal = 0; ordinal < count; ordinal++)
            {
                devices.Add(Describe(driver, ordinal));
            }
        }
        catch (NotSupportedException reason)
        {
            problem = reason.Message;
        }

        return devices;
    }

    /// <summary>Product, compute capability and memory of a device.</summary>
    internal static string Describe(CudaDriver driver, int ordinal)
    {
        _ = driver.GetDeviceName(ordinal, out string product);
        _ = driver.GetDeviceMemory(ordinal, out ulong bytes);
        _ = driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMajor, out int major);
        _ = driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMinor, out int minor);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"cuda:{ordinal} {product}, compute capability {major}.{minor}, {bytes / (double)(1L << 30):F1} GiB");
    }

    /// <summary>Requires that a driver serves this version of CUDA and has the device, and that kernels can be compiled for it.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="ordinal">Number of the device.</param>
    /// <param name="location">Where the driver is, for the message.</param>
    /// <exception cref="NotSupportedException">It does not.</exception>
    internal static void Require(CudaDriver driver, int ordinal, string location)
    {
        string device = $"device cuda:{ordinal}";
        CuResult result = driver.GetVersion(out int version);
        if (result == CuResult.Success && version < OldestDriver)
        {
            throw new NotSupportedException(
                $"{device}: the driver at {location} serves CUDA {version / 1000}.{version % 1000 / 10}, and 12.0 is needed; install a newer NVIDIA driver, {Instead}.");
        }

        result = result == CuResult.Success ? driver.Initialize() : result;
        int count = 0;
        result = result == CuResult.Success ? driver.GetDeviceCount(out count) : result;
        if (result == CuResult.NoDevice || (result == CuResult.Success && count == 0))
        {
            throw new NotSupportedException(
                $"{device}: the driver at {location} finds no NVIDIA GPU; see whether nvidia-smi lists one and CUDA_VISIBLE_DEVICES hides it, {Instead}.");
        }

        if (result != CuResult.Success)
        {
            throw new NotSupportedException(
                $"{device}: the driver at {location} does not start: {driver.DescribeResult(result) ?? result.ToString()} ({(int)result}); restart the machine after a driver update, {Instead}.");
        }

        if (ordinal >= count)
        {
            throw new NotSupportedException($"{device}: this machine has {(count == 1 ? "one GPU, cuda:0" : $"{count} GPUs, cuda:0 to cuda:{count - 1}")}; choose one of them.");
        }

        RequireArchitecture(driver, ordinal, device);
    }

    private static void RequireArchitecture(CudaDriver driver, int ordinal, string device)
    {
        if (driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMajor, out int major) == CuResult.Success
            && driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMinor, out int minor) == CuResult.Success
            && !KernelTargets.Serves((10 * major) + minor))
        {
            _ = driver.GetDeviceName(ordinal, out string product);
            throw new NotSupportedException(
                $"{device}: {product} has compute capability {major}.{minor}, and the kernels need 8.0 (Ampere) or later for bfloat16; choose another GPU, {Instead}.");
        }
    }

    private static NativeDriver Bind(int ordinal, out string location)
    {
        LibrarySearch search = CudaLibraries.Find(CudaLibrary.Driver, out nint library);
        location = search.Location ?? string.Empty;
        return library != 0 ? new NativeDriver(library)
            : throw new NotSupportedException(
                $"device cuda:{ordinal}: the NVIDIA driver was not found (tried {string.Join(", ", search.Tried)}); install it, set {CudaLibraries.DriverVariable} to its library, {Instead}.");
    }
}
