using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda;

/// <summary>Looks for the CUDA libraries. Nothing is loaded until <see cref="Search"/> is called.</summary>
public static class CudaLibraries
{
    /// <summary>Names a file, or a folder that holds it, to take NVRTC from before anywhere else is looked.</summary>
    public const string NvrtcVariable = "REWARDFORCING_NVRTC";

    /// <summary>Tries every place for the driver, NVRTC, cuBLAS and cuBLASLt.</summary>
    /// <returns>One result for each library. Those found stay loaded until the process ends: the driver does not survive being unloaded everywhere.</returns>
    public static IReadOnlyList<LibrarySearch> Search()
    {
        string? toolkit = Environment.GetEnvironmentVariable("CUDA_PATH");
        string? repository = RepositoryFolder(AppContext.BaseDirectory);
        bool windows = OperatingSystem.IsWindows();
        return
        [
            Probe("CUDA driver", DriverCandidates(windows), DriverVersion),
            Probe("NVRTC", Candidates("nvrtc", Environment.GetEnvironmentVariable(NvrtcVariable), toolkit, repository, windows), NvrtcVersion),
            Probe("cuBLAS", Candidates("cublas", null, toolkit, repository, windows), static _ => null),
            Probe("cuBLASLt", Candidates("cublasLt", null, toolkit, repository, windows), CublasLtVersion),
        ];
    }

    internal static List<string> DriverCandidates(bool windows) =>
        windows ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"];

    // Order: what the user named, the toolkit, the loader's own paths, the repository's .deps folder.
    internal static List<string> Candidates(string library, string? named, string? toolkit, string? repository, bool windows)
    {
        List<string> candidates = [];
        string[] files = FileNames(library, windows);
        if (!string.IsNullOrEmpty(named))
        {
            candidates.AddRange(Directory.Exists(named) ? files.Select(file => Path.Combine(named, file)) : [named]);
        }

        string[] folders = windows ? ["bin", "bin/x64"] : ["lib64", "lib", "targets/x86_64-linux/lib"];
        IEnumerable<string> toolkits = windows ? [] : ["/usr/local/cuda"];
        toolkits = string.IsNullOrEmpty(toolkit) ? toolkits : toolkits.Prepend(toolkit);
        foreach (string root in toolkits.Distinct(StringComparer.Ordinal))
        {
            candidates.AddRange(folders.SelectMany(folder => files.Select(file => Path.Combine(root, folder, file))));
        }

        candidates.AddRange(files);
        if (repository is not null)
        {
            string deps = Path.Combine(repository, ".deps", "cuda");
            string[] places = windows ? [deps] : [deps, Path.Combine(deps, "usr", "lib", "x86_64-linux-gnu")];
            candidates.AddRange(places.SelectMany(place => files.Select(file => Path.Combine(place, file))));
        }

        return candidates;
    }

    internal static string? RepositoryFolder(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RewardForcing.Native.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    internal static LibrarySearch Probe(string name, IReadOnlyList<string> candidates, Func<nint, string?> version)
    {
        List<string> tried = [];
        foreach (string candidate in candidates)
        {
            tried.Add(candidate);

            // Bare names go to the loader; a full path that is not there need not be handed to it.
            bool worthTrying = !Path.IsPathRooted(candidate) || File.Exists(candidate);
            if (worthTrying && NativeLibrary.TryLoad(candidate, out nint handle))
            {
                return new LibrarySearch(name, candidate, version(handle), tried);
            }
        }

        return new LibrarySearch(name, null, null, tried);
    }

    private static string[] FileNames(string library, bool windows)
    {
        if (!windows)
        {
            return [$"lib{library}.so.13", $"lib{library}.so.12", $"lib{library}.so"];
        }

        return library == "nvrtc" ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"] : [$"{library}64_13.dll", $"{library}64_12.dll"];
    }

    private static unsafe string? DriverVersion(nint library)
    {
        int version = 0;
        return NativeLibrary.TryGetExport(library, "cuDriverGetVersion", out nint call)
            && ((delegate* unmanaged<int*, int>)call)(&version) == 0
            ? $"{version / 1000}.{version % 1000 / 10}"
            : null;
    }

    private static unsafe string? NvrtcVersion(nint library)
    {
        int major = 0;
        int minor = 0;
        return NativeLibrary.TryGetExport(library, "nvrtcVersion", out nint call)
            && ((delegate* unmanaged<int*, int*, int>)call)(&major, &minor) == 0
            ? $"{major}.{minor}"
            : null;
    }

    private static unsafe string? CublasLtVersion(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "cublasLtGetVersion", out nint call))
        {
            return null;
        }

        // 12.4.5 is written as 120405.
        nuint version = ((delegate* unmanaged<nuint>)call)();
        return $"{version / 10000}.{version / 100 % 100}.{version % 100}";
    }
}
