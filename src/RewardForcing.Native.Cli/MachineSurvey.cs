using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using Arm = System.Runtime.Intrinsics.Arm;
using X86 = System.Runtime.Intrinsics.X86;

namespace RewardForcing.Native.Cli;

/// <summary>Looks at the machine; changes nothing.</summary>
public static class MachineSurvey
{
    /// <summary>Collects everything the doctor reports, in its order.</summary>
    public static IReadOnlyList<Finding> Collect()
    {
        List<Finding> findings = [Version(), System(), Processor(), Memory()];
        foreach (NativeLibraryReport library in Accelerators.Probe())
        {
            findings.Add(Library(library));
        }

        findings.Add(Gpus());
        findings.Add(Ffmpeg(Environment.GetEnvironmentVariable("PATH") ?? string.Empty));
        findings.Add(Cache());
        return findings;
    }

    /// <summary>Looks for ffmpeg in the folders of a search path and asks it for its version.</summary>
    /// <param name="searchPath">Folders joined as in <c>PATH</c>.</param>
    public static Finding Ffmpeg(string searchPath)
    {
        List<string> tried = [];
        foreach (string candidate in FfmpegFinder.Candidates(searchPath))
        {
            tried.Add(candidate);
            if (File.Exists(candidate))
            {
                return new Finding("ffmpeg", true, $"{FirstLine(candidate, "-version") ?? "does not start"}, {candidate}", tried);
            }
        }

        return new Finding("ffmpeg", false, "not found", tried, "Install ffmpeg and put it on PATH to write MP4; without it videos are written as APNG.");
    }

    private static Finding Version()
    {
        string version = typeof(MachineSurvey).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        return new Finding("version", true, $"rewardforcing {version}, {RuntimeInformation.FrameworkDescription}", []);
    }

    private static Finding System() =>
        new("system", true, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}", []);

    private static Finding Processor()
    {
        (string Name, bool Has)[] features =
        [
            ("AVX2", X86.Avx2.IsSupported), ("FMA", X86.Fma.IsSupported), ("AVX-512F", X86.Avx512F.IsSupported),
            ("AVX-512BW", X86.Avx512BW.IsSupported), ("AVX-512VBMI", X86.Avx512Vbmi.IsSupported), ("NEON", Arm.AdvSimd.IsSupported),
        ];
        string present = string.Join(", ", features.Where(static feature => feature.Has).Select(static feature => feature.Name));
        string name = ProcLine("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();
        string lanes = Vector.IsHardwareAccelerated ? $"{Vector<float>.Count} floats to a vector" : "no SIMD";
        return new Finding(
            "processor", true, $"{name}, {Environment.ProcessorCount} logical processors, {(present.Length > 0 ? present : "no known extension")}, {lanes}", []);
    }

    private static Finding Memory()
    {
        double total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        string? available = ProcLine("/proc/meminfo", "MemAvailable")?.Split(' ')[0];
        string free = long.TryParse(available, NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes)
            ? string.Create(CultureInfo.InvariantCulture, $", {kibibytes / (double)(1 << 20):F1} GiB free") : string.Empty;
        return new Finding("memory", true, string.Create(CultureInfo.InvariantCulture, $"{total:F1} GiB for this process{free}"), []);
    }

    private static Finding Library(NativeLibraryReport library)
    {
        if (library.Location is not null)
        {
            return new Finding(library.Name, true, $"{library.Version ?? "found"}, {library.Location}", library.Tried);
        }

        string advice = library.Name == "CUDA driver"
            ? "Nothing to do on the CPU; for an NVIDIA GPU install its driver."
            : $"Nothing to do on the CPU; for an NVIDIA GPU install the CUDA toolkit or set CUDA_PATH to it{(library.Name == "NVRTC" ? ", or REWARDFORCING_NVRTC to the library" : string.Empty)}.";
        return new Finding(library.Name, false, "not found", library.Tried, advice);
    }

    private static Finding Gpus()
    {
        AcceleratorReport report = Accelerators.Devices();
        return report.Problem is null
            ? new Finding("GPU", true, string.Join("; ", report.Devices), [])
            : new Finding("GPU", false, "none that can be used", [], report.Problem);
    }

    private static Finding Cache()
    {
        string folder = Accelerators.CacheFolder;
        return new Finding("cache", true, $"{folder} ({(Directory.Exists(folder) ? "exists" : "not made yet; compiled kernels go there, the CPU keeps nothing")})", []);
    }

    private static string? ProcLine(string file, string key)
    {
        return File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim()
            : null;
    }

    private static string? FirstLine(string program, string argument)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, argument) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> reading = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                process.Kill();
                return null;
            }

            string line = reading.Result.Split('\n')[0].Trim();
            return line.Length > 0 ? line : null;
        }
        catch (global::System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
