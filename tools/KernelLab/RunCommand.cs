using System.Globalization;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;

namespace RewardForcing.Native.KernelLab;

/// <summary>Runs a kernel on the simulated device and says what it did.</summary>
internal static class RunCommand
{
    private const int MostLines = 30;

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Its options.</param>
    /// <returns>0.</returns>
    public static int Run(LabArguments arguments)
    {
        string kernel = arguments.Word() ?? throw new ArgumentException("KernelLab run: which kernel?");
        string? sample = arguments.Take("--case");
        DType type = Choice(arguments, "--dtype", ("bf16", DType.BF16), ("f32", DType.F32));
        DeviceProfile profile = Choice(arguments, "--device", ("a100", DeviceProfile.A100), ("h100", DeviceProfile.H100));
        bool json = arguments.Has("--json");
        bool lines = arguments.Has("--lines");
        arguments.RequireNothingElse();
        LabRun run = LabRun.Of(Workload(kernel, sample), type, profile);
        if (json)
        {
            LabJson.Write(Summary(run));
        }
        else
        {
            Print(run);
            if (lines)
            {
                PrintLines(run);
            }
        }

        return 0;
    }

    private static LabWorkload Workload(string kernel, string? sample)
    {
        if (sample is null && LabWorkload.Standard.SingleOrDefault(one => one.Kernel == kernel) is { } standard)
        {
            return standard;
        }

        OpCase test = OpCases.All.SingleOrDefault(one => one.Name == kernel)
            ?? throw new ArgumentException($"KernelLab run: there is no op {kernel}; there are {string.Join(", ", OpCases.All.Select(static one => one.Name))}.");
        if (sample is null)
        {
            return LabWorkload.Small(test);
        }

        return int.TryParse(sample, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < test.Samples.Count
            ? LabWorkload.Of(test.Samples[number])
            : throw new ArgumentException($"KernelLab run: --case must be a number from 0 to {test.Samples.Count - 1}, got {sample}.");
    }

    private static T Choice<T>(LabArguments arguments, string option, params (string Name, T Value)[] choices)
    {
        string name = arguments.Take(option) ?? choices[0].Name;
        int at = Array.FindIndex(choices, choice => choice.Name == name);
        return at >= 0 ? choices[at].Value : throw new ArgumentException($"KernelLab: {option} must be {string.Join(" or ", choices.Select(static choice => choice.Name))}, got {name}.");
    }

    private static object Summary(LabRun run) => new
    {
        kernel = run.Workload.Kernel,
        sizes = run.Workload.Title,
        launches = run.Launches.Count,
        warp_instructions = run.Counts.Warps.ToDictionary(static pair => pair.Key.ToString(), static pair => pair.Value),
        multiply_adds = run.MultiplyAdds,
        multiply_adds_needed = run.Workload.MultiplyAdds,
        wavefronts_per_phase = run.Counts.WavefrontsPerPhase,
        sector_efficiency = run.Counts.SectorEfficiency,
        sector_bytes = run.Counts.SectorBytes,
        least_bytes = run.LeastBytes,
        h100_cycles = run.Roofline.Cycles,
        h100_bound = run.Roofline.Bound,
        assumptions = H100.Assumptions,
    };

    private static void Print(LabRun run)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        KernelCounts counts = run.Counts;
        Console.WriteLine($"{run.Workload.Kernel} {run.Workload.Title}: {run.Launches.Count} launches, {counts.Instructions.ToString("N0", culture)} warp instructions");
        foreach ((WorkClass work, long warps) in counts.Warps.OrderByDescending(static pair => pair.Value))
        {
            Console.WriteLine(string.Create(culture, $"  {work,-16} {warps,12:N0}"));
        }

        Console.WriteLine(string.Create(culture, $"shared memory   {counts.WavefrontsPerPhase:F3} wavefronts a phase, {counts.SharedWavefronts:N0} wavefronts, {counts.EngineBytes:N0} bytes by engines"));
        Console.WriteLine(string.Create(culture, $"global memory   {counts.SectorEfficiency:P1} of the sectors' bytes used, {counts.SectorBytes:N0} bytes moved, {run.LeastBytes:N0} at least"));
        if (run.MultiplyAdds > 0)
        {
            string needed = run.Workload.MultiplyAdds > 0 ? string.Create(culture, $", {run.Workload.MultiplyAdds:N0} needed") : string.Empty;
            Console.WriteLine(string.Create(culture, $"tensor cores    {run.MultiplyAdds:N0} multiply-adds{needed}"));
        }

        Console.WriteLine("cycles of one H100 multiprocessor, if each part were alone (not a measurement):");
        foreach ((string part, double cycles) in run.Roofline.Cycles.OrderByDescending(static part => part.Value))
        {
            Console.WriteLine(string.Create(culture, $"  {part,-10} {cycles,12:N0} {cycles / run.Roofline.BoundCycles,5:P0}"));
        }

        double rate = 2.0 * Math.Max(run.Workload.MultiplyAdds, run.MultiplyAdds) / run.Roofline.Seconds / 1e12;
        Console.WriteLine(string.Create(culture, $"bound by {run.Roofline.Bound}") + (rate > 0 ? string.Create(culture, $": at most {rate:N0} TFLOP/s") : string.Empty));
        Console.WriteLine("assumed:");
        foreach (string line in H100.Assumptions)
        {
            Console.WriteLine($"  {line}");
        }
    }

    // Where the instructions are: source lines by how often warps ran something of them.
    private static void PrintLines(LabRun run)
    {
        Console.WriteLine("source lines, by warp instructions without moves:");
        foreach (var line in run.Launches.SelectMany(static launch => launch.Instructions)
            .Where(static count => WorkClasses.Of(count.Instruction) != WorkClass.Move)
            .GroupBy(static count => count.Instruction.Source?.ToString() ?? "?")
            .Select(static group => (Line: group.Key, Warps: group.Sum(static count => count.Warps), Opcodes: string.Join(' ', group.GroupBy(static count => count.Instruction.Opcode).OrderByDescending(static same => same.Sum(static count => count.Warps)).Take(4).Select(static same => same.Key))))
            .OrderByDescending(static line => line.Warps).Take(MostLines))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {line.Warps,12:N0}  {line.Line,-40} {line.Opcodes}"));
        }
    }
}
