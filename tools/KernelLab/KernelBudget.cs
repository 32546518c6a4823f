using System.Text.Json;
using System.Text.Json.Serialization;

namespace RewardForcing.Native.KernelLab;

/// <summary>What kernels may take: <c>kernels/budget.json</c>.</summary>
internal sealed record KernelBudget
{
    /// <summary>Bytes a thread may spill.</summary>
    [JsonPropertyName("spill_bytes")]
    public required int SpillBytes { get; init; }

    /// <summary>Bytes of stack a thread may have.</summary>
    [JsonPropertyName("stack_bytes")]
    public required int StackBytes { get; init; }

    /// <summary>Blocks a multiprocessor must hold at least.</summary>
    [JsonPropertyName("blocks")]
    public required int Blocks { get; init; }

    /// <summary>Registers a thread may have where a file is not named in <see cref="RegistersOf"/>.</summary>
    [JsonPropertyName("registers")]
    public required int Registers { get; init; }

    /// <summary>Registers a thread of these files may have, by stem.</summary>
    [JsonPropertyName("registers_of")]
    public required Dictionary<string, int> RegistersOf { get; init; }

    /// <summary>What is counted on the simulated device, of the standard workloads of <see cref="CountedKernels"/>.</summary>
    [JsonPropertyName("counted_kernels")]
    public required string[] CountedKernels { get; init; }

    /// <summary>Passes through the banks of shared memory for each that is needed, at most.</summary>
    [JsonPropertyName("wavefronts_per_phase")]
    public required double WavefrontsPerPhase { get; init; }

    /// <summary>Share of the bytes in touched sectors that is used, at least.</summary>
    [JsonPropertyName("sector_efficiency")]
    public required double SectorEfficiency { get; init; }

    /// <summary>Frames a second that are projected at least for the 1.3B model on an H100.</summary>
    [JsonPropertyName("projected_frames_per_second")]
    public required double ProjectedFrames { get; init; }

    /// <summary>Reads the file.</summary>
    /// <param name="path">Path.</param>
    /// <exception cref="FormatException">It is no budget.</exception>
    public static KernelBudget Read(string path)
    {
        JsonSerializerOptions options = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };
        try
        {
            return JsonSerializer.Deserialize<KernelBudget>(File.ReadAllText(path), options) ?? throw new FormatException($"{path}: is empty.");
        }
        catch (JsonException error)
        {
            throw new FormatException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>One sentence for each thing a row takes too much of.</summary>
    public IEnumerable<string> Judge(KernelRow row)
    {
        string what = $"{row.Kernel} ({row.Entry}, {row.Variant}) on {row.Architecture}";
        int registers = RegistersOf.GetValueOrDefault(row.Kernel, Registers);
        if (row.SpillBytes > SpillBytes)
        {
            yield return $"{what} spills {row.SpillBytes} bytes, and {SpillBytes} are allowed.";
        }

        if (row.StackBytes > StackBytes)
        {
            yield return $"{what} has a stack of {row.StackBytes} bytes, and {StackBytes} are allowed.";
        }

        if (row.Registers > registers)
        {
            yield return $"{what} takes {row.Registers} registers, and {registers} are allowed.";
        }

        if (row.IsSerialized)
        {
            yield return $"{what} waits for each product of a warpgroup: something between them writes to their sums.";
        }

        if (row.Blocks < Blocks)
        {
            yield return $"{what} fits a multiprocessor {row.Blocks} times, and {Blocks} is the least allowed.";
        }
    }

    /// <summary>One sentence for each count of a run that is worse than it may be; the tensor cores must do exactly what is needed.</summary>
    public IEnumerable<string> Judge(LabRun run)
    {
        string what = $"{run.Workload.Kernel} {run.Workload.Title}";
        if (run.Counts.WavefrontsPerPhase > WavefrontsPerPhase)
        {
            yield return $"{what} takes {run.Counts.WavefrontsPerPhase:F3} wavefronts a phase, and {WavefrontsPerPhase} are allowed.";
        }

        if (run.Counts.SectorEfficiency < SectorEfficiency)
        {
            yield return $"{what} uses {run.Counts.SectorEfficiency:P1} of the sectors it touches, and {SectorEfficiency:P0} is the least allowed.";
        }

        if (run.MultiplyAdds != run.Workload.MultiplyAdds)
        {
            yield return $"{what} multiplies {run.MultiplyAdds} times on the tensor cores, and {run.Workload.MultiplyAdds} are needed.";
        }
    }
}
