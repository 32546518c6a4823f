using System.Collections.Concurrent;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>The simulator's own test kernels in <c>tests/fixtures/cuda</c>, compiled by NVRTC as they are or with lines changed.</summary>
internal static class SimulatorKernels
{
    private static readonly ConcurrentDictionary<(string, string), string> Compiled = new();

    public static string Folder => Path.Combine(CudaLibraries.RepositoryFolder(AppContext.BaseDirectory)!, "tests", "fixtures");

    /// <summary>PTX of a file in which every given text, which must be there once, is replaced.</summary>
    public static string Ptx(string file, string target = "sm_80", params (string From, string To)[] edits)
    {
        string text = File.ReadAllText(Path.Combine(Folder, "cuda", file));
        foreach ((string from, string to) in edits)
        {
            if (text.Split(from).Length != 2)
            {
                throw new InvalidOperationException($"{file} has '{from}' {text.Split(from).Length - 1} times; it must be there once.");
            }

            text = text.Replace(from, to);
        }

        return Compiled.GetOrAdd((target, text), _ =>
        {
            KernelCompiler compiler = KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);
            var headers = new Dictionary<string, string> { ["device.cuh"] = File.ReadAllText(Path.Combine(Folder, "cuda", "device.cuh")) };
            return compiler.Compile(new KernelSource(file, text, headers), target, new Dictionary<string, string>()).Image.Ptx;
        });
    }

    /// <summary>A file as it is, with the machine code made from it.</summary>
    public static CompiledKernels Compile(string file, string target)
    {
        KernelCompiler compiler = KernelCompiler.Open(out string? problem) ?? throw new InvalidOperationException(problem);
        var headers = new Dictionary<string, string> { ["device.cuh"] = File.ReadAllText(Path.Combine(Folder, "cuda", "device.cuh")) };
        return compiler.Compile(new KernelSource(file, File.ReadAllText(Path.Combine(Folder, "cuda", file)), headers), target, new Dictionary<string, string>());
    }

    /// <summary>Number of the line that has a text once.</summary>
    public static int Line(string file, string text)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Folder, "cuda", file));
        int[] found = [.. Enumerable.Range(0, lines.Length).Where(i => lines[i].Contains(text))];
        return found.Length == 1 ? found[0] + 1 : throw new InvalidOperationException($"{file} has '{text}' on {found.Length} lines.");
    }
}
