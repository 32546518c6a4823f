using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Simulation;

/// <summary>Opens CUDA devices that run in this process: our kernels and the code that launches them, on a simulated driver.</summary>
public static class SimulatedDevices
{
    private static readonly Lazy<KernelSources> Sources = new(Devices.Kernels);
    private static readonly Lazy<KernelCompiler?> Compiler = new(static () => KernelCompiler.Open(out string? _));

    // Compiled kernels outlive a run of the tests; a changed kernel has another name.
    private static readonly Lazy<KernelCache> Cache = new(static () => new KernelCache(
        Fixtures.Repository is { } repository ? Path.Combine(repository, "artifacts", "kernels") : KernelCache.DefaultFolder, Compiler.Value, "NVRTC is missing"));

    /// <summary>Whether kernels can be compiled on this machine.</summary>
    public static bool AreAvailable => Compiler.Value is not null;

    /// <summary>The kernels that were compiled here before, and what compiles the others.</summary>
    public static KernelCache Compiled => Cache.Value;

    /// <summary>Opens a device on a driver of its own.</summary>
    /// <param name="options">Which device, and how it runs; null for a fast A100.</param>
    /// <param name="products">Who multiplies matrices.</param>
    /// <param name="checkMemory">Whether blocks are filled with NaN and looked at behind their ends.</param>
    public static CudaDevice Open(SimulatedDriverOptions? options = null, ProductChoice products = ProductChoice.OwnKernels, bool checkMemory = true) =>
        On(new SimulatedDriver(options), products, checkMemory);

    /// <summary>Opens the first device of a driver.</summary>
    /// <param name="driver">The driver; stays the caller's.</param>
    /// <param name="products">Who multiplies matrices.</param>
    /// <param name="checkMemory">Whether blocks are filled with NaN and looked at behind their ends.</param>
    /// <param name="watch">What is to be told and waited for after each launch; null for nothing.</param>
    public static CudaDevice On(CudaDriver driver, ProductChoice products = ProductChoice.OwnKernels, bool checkMemory = true, LaunchWatch? watch = null) =>
        new(driver, 0, Sources.Value, Cache.Value, "cuda-sim", products, checkMemory: checkMemory, watch: watch);

    /// <summary>Opens a device by name: <c>cuda-sim</c> (fast), <c>cuda-sim-checked</c>, <c>cuda-sim-perturbed</c>, <c>cuda-sim-sm90</c>, or one that the product opens itself.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="NotSupportedException">The device cannot be used here, and why.</exception>
    public static Device OpenByName(string name)
    {
        if (!name.StartsWith("cuda-sim", StringComparison.Ordinal))
        {
            return Devices.Open(name);
        }

        return KernelCompiler.Open(out string? missing) is null ? throw new NotSupportedException($"device {name}: {missing}")
            : Open(Options(name) ?? throw new ArgumentException($"device: expected cuda-sim, cuda-sim-checked, cuda-sim-perturbed or cuda-sim-sm90, got {name}."), ProductChoice.Library, checkMemory: false);
    }

    private static SimulatedDriverOptions? Options(string name) => name switch
    {
        "cuda-sim" => new SimulatedDriverOptions(),
        "cuda-sim-checked" => new SimulatedDriverOptions { Execution = new SimulationOptions { Checked = true } },
        "cuda-sim-perturbed" => new SimulatedDriverOptions { Execution = new SimulationOptions { Perturb = true, Shuffle = true } },
        "cuda-sim-sm90" => new SimulatedDriverOptions { Devices = [DeviceProfile.H100] },
        _ => null,
    };
}
