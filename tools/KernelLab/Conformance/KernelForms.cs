using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>The PTX instruction forms that kernels are compiled to: opcodes with all their modifiers and types.</summary>
internal static class KernelForms
{
    /// <summary>Forms and, for each, where one stands.</summary>
    /// <param name="sources">The kernels.</param>
    /// <param name="cache">Compiles them.</param>
    /// <param name="targets">Architectures; a variant that is for one architecture is compiled for no other.</param>
    /// <param name="variants">Those of a file that are compiled.</param>
    public static SortedDictionary<string, string> Collect(
        KernelSources sources, KernelCache cache, IReadOnlyList<string> targets, Func<KernelSource, IEnumerable<KernelVariant>> variants)
    {
        SortedDictionary<string, string> forms = new(StringComparer.Ordinal);
        foreach (KernelVariant variant in sources.Stems.SelectMany(stem => variants(sources.Get(stem))))
        {
            foreach (string target in targets.Where(variant.IsFor))
            {
                // PTX alone, without machine code, takes half the time.
                Add(forms, variant, target, cache.Get(variant.Source, target.Replace("sm_", "compute_", StringComparison.Ordinal), variant.Defines).Image.Ptx);
            }
        }

        return forms;
    }

    /// <summary>Forms that are used and of which no case is: a sentence each.</summary>
    public static IEnumerable<string> Missing(IReadOnlyDictionary<string, string> used, IEnumerable<ConformanceFile> files)
    {
        HashSet<string> covered = [.. files.SelectMany(static file => file.Cases).SelectMany(static test => test.Forms)];
        return used.Where(form => !covered.Contains(form.Key)).Select(static form =>
            $"{form.Key} has no case in {ConformanceFile.Folder}; add one to the family it belongs to (tools/KernelLab/Conformance/Making) and run KernelLab conformance --make. It is used by {form.Value}");
    }

    private static void Add(SortedDictionary<string, string> forms, KernelVariant variant, string target, string ptx)
    {
        foreach (PtxKernel kernel in PtxModule.Parse(variant.Source.Name, ptx).Kernels.Values)
        {
            foreach (PtxInstruction instruction in kernel.Code)
            {
                forms.TryAdd(instruction.Form, $"{kernel.Name} ({variant.Name}) for {target}, {instruction.Source?.ToString() ?? $"PTX line {instruction.Line}"}: {instruction.Text}");
            }
        }
    }
}
