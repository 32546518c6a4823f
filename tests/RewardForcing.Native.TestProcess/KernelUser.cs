using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.TestProcess;

/// <summary>Gets every kernel of a folder through a cache that other processes use at the same time.</summary>
internal static class KernelUser
{
    /// <summary>Waits for a line of input, so that several start together, and prints the hash of each kernel's PTX.</summary>
    /// <param name="folder">Kernel files.</param>
    /// <param name="cache">Cache folder.</param>
    public static int Run(string folder, string cache)
    {
        KernelCompiler? compiler = KernelCompiler.Open(out string? problem);
        if (compiler is null)
        {
            Console.Error.WriteLine(problem);
            return 1;
        }

        KernelSources sources = KernelSources.FromFolder(folder);
        KernelCache kernels = new(cache, compiler);
        Console.WriteLine("ready");
        Console.ReadLine();
        foreach (string stem in sources.Stems)
        {
            CompiledKernels compiled = kernels.Get(sources.Get(stem), "sm_80", new Dictionary<string, string>());
            Console.WriteLine($"{stem} {compiled.Image.Ptx.Length} {compiled.Image.Cubin.Length} {compiled.Resources.Count}");
        }

        return 0;
    }
}
