using RewardForcing.Native.Cuda.Interop;

namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>Compiles kernels with NVRTC, in this process. Needs no GPU, no toolkit and no files.</summary>
public sealed class KernelCompiler
{
    // NVRTC is safe from several threads, but its optimiser is not parallel within a process: waiting costs nothing and keeps memory down.
    private readonly Lock _gate = new();

    private KernelCompiler(string version, string location)
    {
        Version = version;
        Location = location;
    }

    /// <summary>NVRTC's version, such as <c>12.4</c>.</summary>
    public string Version { get; }

    /// <summary>Path or loader name NVRTC was loaded from.</summary>
    public string Location { get; }

    /// <summary>Loads NVRTC.</summary>
    /// <param name="problem">Where null is returned: one sentence on what is missing, where it was looked for, and what to do.</param>
    public static KernelCompiler? Open(out string? problem)
    {
        LibrarySearch search = CudaLibraries.Find(CudaLibrary.Nvrtc, out nint library);
        if (library == 0)
        {
            problem = $"NVRTC, which compiles the kernels, was not found (tried {string.Join(", ", search.Tried)}); install the CUDA toolkit 12 or "
                + $"later and set CUDA_PATH to it, or set {CudaLibraries.NvrtcVariable} to the library.";
            return null;
        }

        if (search.Version is null)
        {
            problem = $"{search.Location} is not an NVRTC library; set {CudaLibraries.NvrtcVariable} to one of version 12 or later.";
            return null;
        }

        if (!System.Version.TryParse(search.Version, out Version? version) || version.Major < 12)
        {
            problem = $"NVRTC {search.Version} at {search.Location} is too old for these kernels; install CUDA 12 or later.";
            return null;
        }

        problem = null;
        return new KernelCompiler(Nvrtc.Bind(library), search.Location!);
    }

    /// <summary>The options a compilation gets, in order. Part of the cache's key.</summary>
    /// <param name="target">Architecture, such as <c>sm_90a</c> for PTX and machine code or <c>compute_80</c> for PTX alone.</param>
    /// <param name="defines">Macros and their values.</param>
    public static IReadOnlyList<string> Options(string target, IReadOnlyDictionary<string, string> defines) =>
    [
        $"--gpu-architecture={target}", "--std=c++17", "-lineinfo", "--ptxas-options=-v",
        .. defines.OrderBy(static define => define.Key, StringComparer.Ordinal).Select(static define => $"-D{define.Key}={define.Value}"),
    ];

    /// <summary>Compiles one file.</summary>
    /// <param name="source">File and headers.</param>
    /// <param name="target">Architecture, such as <c>sm_80</c>, <c>sm_90a</c> or <c>compute_80</c>.</param>
    /// <param name="defines">Macros and their values; names start with <c>RF_</c>.</param>
    /// <exception cref="CudaException">The source does not compile; its detail is the log, with file and line.</exception>
    public CompiledKernels Compile(KernelSource source, string target, IReadOnlyDictionary<string, string> defines)
    {
        IReadOnlyList<string> options = Options(target, defines);
        NvrtcOutput output;
        lock (_gate)
        {
            output = Nvrtc.Compile(source.Name, source.Text, source.Headers, options);
        }

        return output.Succeeded
            ? new CompiledKernels(new KernelImage(source.Name, target, output.Ptx, output.Cubin), output.Log)
            : throw new CudaException(
                "nvrtcCompileProgram", nameof(NvrtcResult.Compilation), (int)NvrtcResult.Compilation, null,
                $"Compiling kernels/{source.Name} with {string.Join(' ', options)}.", output.Log.Trim());
    }
}
