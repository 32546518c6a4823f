using System.Globalization;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.KernelLab.Conformance.Making;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>Runs every fixture of an instruction form on a device, and compares it with the PTX ISA's definition.</summary>
internal static class ConformanceCommand
{
    private const string Gpu = "cuda:";

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Its options.</param>
    /// <returns>0, or 1 if a result is not as defined or a form of a kernel has no case.</returns>
    public static int Run(LabArguments arguments)
    {
        string kernels = arguments.Folder, folder = arguments.Take("--fixtures") ?? ConformanceFile.Folder, device = arguments.Take("--device") ?? "cuda-sim";
        (bool make, bool record, bool forms, bool assemble) = (arguments.Has("--make"), arguments.Has("--record"), arguments.Has("--forms"), arguments.Has("--assemble"));
        arguments.RequireNothingElse();
        if (record && !device.StartsWith(Gpu, StringComparison.Ordinal))
        {
            throw new ArgumentException($"KernelLab conformance: --record keeps what a GPU gives, so --device must be cuda:N, got {device}.");
        }

        if (make)
        {
            Make(folder);
            return 0;
        }

        IReadOnlyList<ConformanceFile> files = ConformanceFile.ReadAll(folder);
        return forms ? Forms(kernels, files) : assemble ? Assemble(files) : Check(folder, files, device, record);
    }

    private static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (ConformanceFile file in ConformanceFixtures.Make())
        {
            file.Save(folder);
            Console.WriteLine($"{file.Family}: {file.Cases.Count} cases, {file.Write().Length:N0} characters");
        }
    }

    private static int Assemble(IReadOnlyList<ConformanceFile> files)
    {
        KernelCompiler compiler = KernelCompiler.Open(out string? missing) ?? throw new NotSupportedException(missing);
        int refused = 0;
        foreach (ConformanceFile file in files)
        {
            foreach (string target in file.Cases.Select(static test => test.Target).Distinct())
            {
                try
                {
                    ConformanceAssembly.Assemble(compiler, file, target);
                    Console.WriteLine($"{file.Family} for {target}: assembled");
                }
                catch (CudaException refusal)
                {
                    refused++;
                    Console.Error.WriteLine(refusal.Message);
                }
            }
        }

        return refused == 0 ? 0 : 1;
    }

    // Every variant for every architecture, which takes minutes the first time.
    private static int Forms(string kernels, IReadOnlyList<ConformanceFile> files)
    {
        KernelSources sources = KernelSources.FromFolder(kernels);
        SortedDictionary<string, string> used = KernelForms.Collect(sources, SimulatedDevices.Compiled, [.. Multiprocessor.All.Select(static target => target.Architecture)], KernelVariant.Read);
        string[] missing = [.. KernelForms.Missing(used, files)];
        Console.WriteLine($"{used.Count} forms are used by kernels, {missing.Length} of them have no case");
        foreach (string sentence in missing)
        {
            Console.Error.WriteLine(sentence);
        }

        return missing.Length == 0 ? 0 : 1;
    }

    private static int Check(string folder, IReadOnlyList<ConformanceFile> files, string name, bool record)
    {
        using CudaDriver driver = Open(name, out int ordinal);
        using ConformanceDevice device = new(driver, ordinal);
        Console.WriteLine(device.Title);
        int complaints = 0;
        foreach (ConformanceFile file in files)
        {
            var report = ConformanceReport.Of(device, file);
            string skipped = report.Skipped.Count > 0 ? $", {report.Skipped.Count} not for this device" : string.Empty;
            Console.WriteLine($"{file.Family}: {report.Results.Count} cases run{skipped}, {report.Complaints.Count} complaints");
            foreach (string complaint in report.Complaints)
            {
                Console.Error.WriteLine(complaint);
            }

            complaints += report.Complaints.Count;
            if (record)
            {
                new ConformanceRecording(device.Title, report.Results).Save(folder, file.Family, device.Architecture);
            }
        }

        return complaints == 0 ? 0 : 1;
    }

    private static CudaDriver Open(string name, out int ordinal)
    {
        if (name.StartsWith(Gpu, StringComparison.Ordinal))
        {
            ordinal = int.TryParse(name.AsSpan(Gpu.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? number : throw new ArgumentException($"KernelLab: --device must be cuda-sim, cuda-sim-checked or cuda:N, got {name}.");
            return CudaMachine.OpenDriver(ordinal);
        }

        ordinal = 0;
        return name is "cuda-sim" or "cuda-sim-checked"
            ? new SimulatedDriver(new SimulatedDriverOptions { Devices = [DeviceProfile.H100], Execution = new SimulationOptions { Checked = name != "cuda-sim" } })
            : throw new ArgumentException($"KernelLab: --device must be cuda-sim, cuda-sim-checked or cuda:N, got {name}.");
    }
}
