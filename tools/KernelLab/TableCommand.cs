using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.Testing.Simulation;

namespace RewardForcing.Native.KernelLab;

/// <summary>Compiles every kernel for every architecture and holds what it takes to the budget.</summary>
internal static class TableCommand
{
    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Its options.</param>
    /// <returns>0, or 1 if a kernel is over the budget.</returns>
    public static int Run(LabArguments arguments)
    {
        string folder = arguments.Folder;
        (string? only, string? architecture, bool json) = (arguments.Take("--kernel"), arguments.Take("--arch"), arguments.Has("--json"));
        arguments.RequireNothingElse();
        Multiprocessor[] targets = [.. Multiprocessor.All.Where(target => architecture is null || target.Architecture == architecture)];
        if (targets.Length == 0)
        {
            throw new ArgumentException($"KernelLab: {architecture} is no architecture kernels are compiled for.");
        }

        KernelSources sources = KernelSources.FromFolder(folder);
        string[] stems = [.. sources.Stems.Where(stem => only is null || stem == only)];
        if (stems.Length == 0)
        {
            throw new ArgumentException(only is null ? $"KernelLab: {folder} holds no kernels." : $"KernelLab: {folder} holds no kernel {only}.");
        }

        KernelBudget budget = KernelBudget.Read(Path.Combine(folder, "budget.json"));
        KernelTable table = new(SimulatedDevices.Compiled);
        List<KernelRow> rows = [];
        foreach (KernelRow row in stems.SelectMany(stem => KernelVariant.Read(sources.Get(stem))).SelectMany(variant => Rows(table, variant, targets)))
        {
            rows.Add(row);
            if (!json)
            {
                Console.WriteLine(row);
            }
        }

        return Report(rows, [.. rows.SelectMany(budget.Judge)], json);
    }

    private static IEnumerable<KernelRow> Rows(KernelTable table, KernelVariant variant, Multiprocessor[] targets) =>
        targets.Where(target => variant.IsFor(target.Architecture)).SelectMany(target => table.Compile(variant, target));

    private static int Report(List<KernelRow> rows, string[] faults, bool json)
    {
        if (json)
        {
            LabJson.Write(new { kernels = rows, over_budget = faults });
        }
        else
        {
            Console.WriteLine($"{rows.Count} kernels compiled, {faults.Length} over budget");
        }

        foreach (string fault in faults)
        {
            Console.Error.WriteLine(fault);
        }

        return faults.Length == 0 ? 0 : 1;
    }
}
