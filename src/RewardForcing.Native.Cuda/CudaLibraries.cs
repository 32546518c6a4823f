using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda;

/// <summary>Looks for the CUDA libraries. Nothing is loaded until it is asked for.</summary>
public static class CudaLibraries
{
    /// <summary>Names the driver library, or a folder that holds it. When set, nothing else is looked at.</summary>
    public const string DriverVariable = "REWARDFORCING_CUDA_DRIVER";

    /// <summary>Names the NVRTC library, or a folder that holds it. Taken before anywhere else is looked.</summary>
    public const string NvrtcVariable = "REWARDFORCING_NVRTC";

    // What was loaded stays loaded, and the loader would then answer to its bare name: the place it came from is the one first found.
    private static readonly ConcurrentDictionary<CudaLibrary, (LibrarySearch Search, nint Handle)> Loaded = [];

    /// <summary>Tries every place for the driver, NVRTC, cuBLAS and cuBLASLt.</summary>
    /// <returns>One result for each library. Those found stay loaded until the process ends: the driver does not survive being unloaded everywhere.</returns>
    public static IReadOnlyList<LibrarySearch> Search() => [.. Enum.GetValues<CudaLibrary>().Select(static library => Find(library, out _))];

    /// <summary>Name of a library for people.</summary>
    public static string Title(CudaLibrary library) => library switch
    {
        CudaLibrary.Driver => "CUDA driver",
        CudaLibrary.Nvrtc => "NVRTC",
        CudaLibrary.Cublas => "cuBLAS",
        _ => "cuBLASLt",
    };

    /// <summary>Loads a library from the first place that has it.</summary>
    /// <param name="library">Which one.</param>
    /// <param name="handle">Handle of the loaded library, or 0.</param>
    internal static LibrarySearch Find(CudaLibrary library, out nint handle)
    {
        if (!Loaded.TryGetValue(library, out (LibrarySearch Search, nint Handle) found))
        {
            found.Search = Locate(library, out found.Handle);
            if (found.Handle != 0)
            {
                if (library == CudaLibrary.Nvrtc)
                {
                    LoadBuiltins(found.Search);
                }

                found = Loaded.GetOrAdd(library, found);
            }
        }

        handle = found.Handle;
        return found.Search;
    }

    internal static List<string> DriverCandidates(string? named, bool windows)
    {
        string[] files = windows ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
        if (!string.IsNullOrEmpty(named))
        {
            return [.. Named(named, files)];
        }

        return windows ? [.. files] : [.. files, "/usr/lib/wsl/lib/libcuda.so.1"];
    }

    // Order: what the user named, the toolkit, the loader's own paths, the repository's .deps folder.
    internal static List<string> Candidates(string library, string? named, string? toolkit, string? repository, bool windows)
    {
        List<string> candidates = [];
        string[] files = FileNames(library, windows);
        if (!string.IsNullOrEmpty(named))
        {
            candidates.AddRange(Named(named, files));
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

    internal static LibrarySearch Probe(string name, IReadOnlyList<string> candidates, Func<nint, string?> version, out nint handle)
    {
        List<string> tried = [];
        foreach (string candidate in candidates)
        {
            tried.Add(candidate);

            // Bare names go to the loader; a full path that is not there need not be handed to it.
            bool worthTrying = !Path.IsPathRooted(candidate) || File.Exists(candidate);
            if (worthTrying && NativeLibrary.TryLoad(candidate, out handle))
            {
                return new LibrarySearch(name, candidate, version(handle), tried);
            }
        }

        handle = 0;
        return new LibrarySearch(name, null, null, tried);
    }

    private static LibrarySearch Locate(CudaLibrary library, out nint handle)
    {
        bool windows = OperatingSystem.IsWindows();
        string? toolkit = Environment.GetEnvironmentVariable("CUDA_PATH");
        string? repository = RepositoryFolder(AppContext.BaseDirectory);
        return library switch
        {
            CudaLibrary.Driver => Probe(
                Title(library), DriverCandidates(Environment.GetEnvironmentVariable(DriverVariable), windows), DriverVersion, out handle),
            CudaLibrary.Nvrtc => Probe(
                Title(library), Candidates("nvrtc", Environment.GetEnvironmentVariable(NvrtcVariable), toolkit, repository, windows), NvrtcVersion, out handle),
            CudaLibrary.Cublas => Probe(
                Title(library), Candidates("cublas", null, toolkit, repository, windows), CublasVersion, out handle),
            _ => Probe(
                Title(library), Candidates("cublasLt", null, toolkit, repository, windows), CublasLtVersion, out handle),
        };
    }

    // NVRTC opens a second library by its bare name, which the loader does not find in a folder of our own. Once it is loaded, it is found.
    private static void LoadBuiltins(LibrarySearch nvrtc)
    {
        if (Path.IsPathRooted(nvrtc.Location) && nvrtc.Version is { } version)
        {
            string name = OperatingSystem.IsWindows() ? $"nvrtc-builtins64_{version.Replace(".", string.Empty)}.dll" : $"libnvrtc-builtins.so.{version}";
            NativeLibrary.TryLoad(Path.Combine(Path.GetDirectoryName(nvrtc.Location)!, name), out _);
        }
    }

    private static IEnumerable<string> Named(string named, string[] files) =>
        Directory.Exists(named) ? files.Select(file => Path.Combine(named, file)) : [Path.GetFullPath(named)];

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

    // cublasGetVersion wants a handle and so a device; the properties (major 0, minor 1, patch 2) do not.
    private static unsafe string? CublasVersion(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "cublasGetProperty", out nint call))
        {
            return null;
        }

        Span<int> parts = stackalloc int[3];
        for (int i = 0; i < parts.Length; i++)
        {
            int value = 0;
            if (((delegate* unmanaged<int, int*, int>)call)(i, &value) != 0)
            {
                return null;
            }

            parts[i] = value;
        }

        return $"{parts[0]}.{parts[1]}.{parts[2]}";
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
