using System.Text;
using RewardForcing.Native.Cuda.Compilation;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>
/// Lets NVRTC's assembler, which is that of a GPU's driver, see every case: each becomes a kernel whose only statement is its PTX. It says what a real device
/// would refuse, where there is none.
/// </summary>
internal static class ConformanceAssembly
{
    /// <summary>Assembles a family's cases of one target.</summary>
    /// <param name="compiler">NVRTC.</param>
    /// <param name="file">The family.</param>
    /// <param name="target">Target of the cases, which are assembled for sm_90a if it is sm_90.</param>
    /// <exception cref="Cuda.CudaException">A case is refused; the log has its line.</exception>
    public static void Assemble(KernelCompiler compiler, ConformanceFile file, string target)
    {
        StringBuilder source = new();
        int number = 0;
        foreach (ConformanceCase test in file.Cases.Where(test => test.Target == target))
        {
            Append(source, test, file.Sets, $"k{number++}");
        }

        if (number > 0)
        {
            compiler.Compile(new KernelSource($"{file.Family}.cu", source.ToString(), new Dictionary<string, string>()), target == "sm_90" ? "sm_90a" : target, new Dictionary<string, string>());
        }
    }

    private static void Append(StringBuilder source, ConformanceCase test, IReadOnlyDictionary<string, ValueSet> sets, string entry)
    {
        string ptx = ConformanceFrame.Module(test, sets);
        int from = ptx.IndexOf('{', ptx.IndexOf(".maxntid", StringComparison.Ordinal)), to = ptx.LastIndexOf("ret;", StringComparison.Ordinal);
        string body = ptx[from..to] + "}";

        // Parameters have the names that the compiler gives them.
        body = body.Replace("[d]", $"[{entry}_param_0]", StringComparison.Ordinal);
        List<string> parameters = ["unsigned long long d"];
        for (int i = 0; i < test.Inputs.Count; i++)
        {
            string name = ConformanceFrame.Parameter(i);
            body = body.Replace($"[{name}]", $"[{entry}_param_{i + 1}]", StringComparison.Ordinal).Replace($", {name};", $", {entry}_param_{i + 1};", StringComparison.Ordinal);
            parameters.Add(test.Inputs[i].Kind switch
            {
                "map" => $"const __grid_constant__ map {name}",
                "value" => $"{(sets[test.Inputs[i].Set].Width switch { 1 => "unsigned char", 2 => "unsigned short", 4 => "unsigned int", _ => "unsigned long long" })} {name}",
                _ => $"unsigned long long {name}",
            });
        }

        if (source.Length == 0)
        {
            source.Append("struct alignas(64) map { unsigned long long words[16]; };\n");
        }

        source.Append($"// {test.Name}\nextern \"C\" __global__ void __launch_bounds__({test.Threads}) {entry}({string.Join(", ", parameters)})\n{{\n    asm volatile(\n");
        foreach (string line in body.Split('\n'))
        {
            source.Append($"        \"{line}\\n\"\n");
        }

        source.Append("    );\n}\n");
    }
}
