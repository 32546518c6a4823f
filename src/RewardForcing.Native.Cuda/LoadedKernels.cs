using System.Text;
using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.Cuda;

/// <summary>The kernels loaded on a device: each variant of a file is compiled or taken from the cache at its first launch.</summary>
/// <remarks>Safe from several threads; two that want the same new variant wait for one compilation.</remarks>
internal sealed class LoadedKernels(CudaDevice device, CudaDriver driver, KernelSources sources, KernelCache cache)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Module> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KernelSource> _sources = new(StringComparer.Ordinal);

    /// <summary>Finds a kernel.</summary>
    /// <param name="stem">Kernel file without its ending.</param>
    /// <param name="entry">Name of the function.</param>
    /// <param name="defines">Macros that choose the variant.</param>
    /// <param name="mayLoad">Whether a variant that is not there may be loaded now.</param>
    public LoadedKernel Get(string stem, string entry, IReadOnlyDictionary<string, string> defines, bool mayLoad)
    {
        string key = Key(stem, defines);
        lock (_gate)
        {
            if (!_modules.TryGetValue(key, out Module? module))
            {
                module = mayLoad ? Load(stem, defines)
                    : throw new InvalidOperationException($"{device.Name}: kernels/{stem}.cu was not loaded before the capture began; run the pass once before.");
                _modules.Add(key, module);
            }

            return module.Find(device, driver, stem, entry);
        }
    }

    /// <summary>Unloads everything.</summary>
    public void Unload()
    {
        foreach (Module module in _modules.Values)
        {
            driver.UnloadModule(module.Handle);
        }

        _modules.Clear();
    }

    private static string Key(string stem, IReadOnlyDictionary<string, string> defines)
    {
        StringBuilder key = new(stem);
        foreach ((string name, string value) in defines)
        {
            key.Append(' ').Append(name).Append('=').Append(value);
        }

        return key.ToString();
    }

    private Module Load(string stem, IReadOnlyDictionary<string, string> defines)
    {
        if (!_sources.TryGetValue(stem, out KernelSource? source))
        {
            _sources[stem] = source = sources.Get(stem);
        }

        CompiledKernels compiled = cache.Get(source, KernelTargets.For(device.Architecture), defines);
        device.Require(
            driver.LoadModule(compiled.Image, out nint handle), "cuModuleLoadDataEx", $"Loading kernels/{source.Name} for {compiled.Image.Target} on {device.Name}.");
        return new Module(handle, KernelSignature.Parse(compiled.Image.Ptx));
    }

    private sealed class Module(nint handle, IReadOnlyDictionary<string, KernelSignature> signatures)
    {
        private readonly Dictionary<string, LoadedKernel> _kernels = new(StringComparer.Ordinal);

        public nint Handle { get; } = handle;

        public LoadedKernel Find(CudaDevice device, CudaDriver driver, string stem, string entry)
        {
            if (!_kernels.TryGetValue(entry, out LoadedKernel? kernel))
            {
                device.Require(driver.GetFunction(Handle, entry, out nint function), "cuModuleGetFunction", $"Looking for {entry} in kernels/{stem}.cu.");
                device.Require(
                    driver.GetFunctionAttribute(function, CudaFunctionAttribute.MaxDynamicSharedBytes, out int shared), "cuFuncGetAttribute", $"Looking at {entry} of kernels/{stem}.cu.");
                _kernels[entry] = kernel = new LoadedKernel(function, signatures[entry], shared);
            }

            return kernel;
        }
    }
}
