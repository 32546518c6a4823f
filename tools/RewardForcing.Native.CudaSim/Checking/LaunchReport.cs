using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What a launch did.</summary>
public sealed class LaunchReport
{
    /// <summary>Kernel.</summary>
    public required string Kernel { get; init; }

    /// <summary>What was found (checked mode).</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Lines the kernel printed, block by block.</summary>
    public required IReadOnlyList<string> Printed { get; init; }

    /// <summary>Instructions that ran.</summary>
    public required IReadOnlyList<InstructionCount> Instructions { get; init; }

    /// <summary>Instructions that warps ran.</summary>
    public long WarpInstructions => Instructions.Sum(count => count.Warps);

    /// <summary>Instructions that lanes ran.</summary>
    public long LaneInstructions => Instructions.Sum(count => count.Lanes);

    /// <summary>Passes through the banks for every group of lanes; 1 without conflicts.</summary>
    public double WavefrontsPerPhase => Ratio(Instructions.Sum(count => count.SharedWavefronts), Instructions.Sum(count => count.SharedPhases), 1);

    /// <summary>Share of the bytes in touched sectors that were used.</summary>
    public double SectorEfficiency => Ratio(Instructions.Sum(count => count.GlobalBytes), 32 * Instructions.Sum(count => count.Sectors), 1);

    /// <summary>Times warps ran an opcode.</summary>
    public long Count(string opcode) => Instructions.Where(count => count.Instruction.Opcode == opcode).Sum(count => count.Warps);

    /// <summary>Memory it used; null in fast mode, or where streams are not watched.</summary>
    internal TouchedMemory? Touched { get; init; }

    internal static unsafe LaunchReport Of(Grid grid, Worker[] workers)
    {
        KernelProgram program = grid.Program;
        var counts = new List<InstructionCount>();
        for (int i = 0; i < program.Kernel.Code.Count; i++)
        {
            long warps = 0, lanes = 0;
            foreach (Worker worker in workers)
            {
                warps += (long)worker.BlockRuns[program.BlockOf[i]];
                lanes += (long)worker.BlockLanes[program.BlockOf[i]];
            }

            if (warps > 0)
            {
                AccessCounters? access = workers[0].Checker?.Counters;
                counts.Add(new InstructionCount(program.Kernel.Code[i], warps, lanes)
                {
                    SharedPhases = access?.SharedPhases[i] ?? 0,
                    SharedWavefronts = access?.SharedWavefronts[i] ?? 0,
                    SharedBytes = access?.SharedBytes[i] ?? 0,
                    Requests = access?.Requests[i] ?? 0,
                    Sectors = access?.Sectors[i] ?? 0,
                    GlobalBytes = access?.GlobalBytes[i] ?? 0,
                });
            }
        }

        return new LaunchReport
        {
            Kernel = program.Kernel.Name,
            Findings = [.. workers.SelectMany(worker => worker.Checker?.Findings ?? [])],
            Printed = [.. workers.SelectMany(worker => worker.Printed)],
            Instructions = counts,
            Touched = workers[0].Checker?.Touched,
        };
    }

    private static double Ratio(long part, long whole, double none) => whole == 0 ? none : (double)part / whole;
}
