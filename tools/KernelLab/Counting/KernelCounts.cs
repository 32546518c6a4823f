using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.KernelLab;

/// <summary>What the launches of a kernel did, on the simulated device in checked mode.</summary>
internal sealed class KernelCounts
{
    private const int SectorSize = 32;
    private const int WarpsOfGroup = 4;

    private readonly Dictionary<WorkClass, long> _warps = [];
    private readonly Dictionary<WorkClass, long> _machine = [];

    /// <summary>Sums over launches.</summary>
    public KernelCounts(IEnumerable<LaunchReport> launches)
    {
        foreach (InstructionCount count in launches.SelectMany(static launch => launch.Instructions))
        {
            Add(count);
        }
    }

    /// <summary>Warp instructions by class.</summary>
    public IReadOnlyDictionary<WorkClass, long> Warps => _warps;

    /// <summary>Multiply-adds of the tensor cores by <c>mma.sync</c>.</summary>
    public long MatrixMultiplyAdds { get; private set; }

    /// <summary>Multiply-adds of the tensor cores by <c>wgmma</c>.</summary>
    public long WarpgroupMultiplyAdds { get; private set; }

    /// <summary>Passes through the banks of shared memory, by the warps' own accesses.</summary>
    public long SharedWavefronts { get; private set; }

    /// <summary>Passes that these accesses would need without conflicts.</summary>
    public long SharedPhases { get; private set; }

    /// <summary>Bytes of shared memory that tensor cores read themselves (<c>wgmma</c>) and that the tensor copy engine writes or reads.</summary>
    public long EngineBytes { get; private set; }

    /// <summary>Bytes of the sectors touched in global memory.</summary>
    public long SectorBytes { get; private set; }

    /// <summary>Bytes used of them, a sector's at most once in each access.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>All warp instructions.</summary>
    public long Instructions => _warps.Values.Sum();

    /// <summary>Machine instructions of warps, moves left out.</summary>
    public long MachineInstructions => _machine.Values.Sum() - Machine(WorkClass.Move);

    /// <summary>Passes through the banks for every pass without conflicts; 1 is the best.</summary>
    public double WavefrontsPerPhase => SharedPhases == 0 ? 1 : (double)SharedWavefronts / SharedPhases;

    /// <summary>Share of the bytes in touched sectors that was used, 0 to 1.</summary>
    public double SectorEfficiency => SectorBytes == 0 ? 1 : (double)UsedBytes / SectorBytes;

    /// <summary>Machine instructions of a class.</summary>
    public long Machine(WorkClass work) => _machine.GetValueOrDefault(work);

    private void Add(InstructionCount count)
    {
        WorkClass work = WorkClasses.Of(count.Instruction);
        _warps[work] = _warps.GetValueOrDefault(work) + count.Warps;
        _machine[work] = Machine(work) + (count.Warps * WorkClasses.MachineInstructions(count.Instruction));
        switch (work)
        {
            case WorkClass.Matrix:
                MatrixMultiplyAdds += count.Warps * WorkClasses.MultiplyAdds(count.Instruction);
                break;
            case WorkClass.WarpgroupMatrix:
                WarpgroupMultiplyAdds += count.Warps / WarpsOfGroup * WorkClasses.MultiplyAdds(count.Instruction);
                EngineBytes += count.Warps / WarpsOfGroup * WorkClasses.OperandBytes(count.Instruction);
                break;
            case WorkClass.BulkCopy:
                EngineBytes += count.GlobalBytes;
                break;
            default:
                SharedWavefronts += count.SharedWavefronts;
                SharedPhases += count.SharedPhases;
                break;
        }

        SectorBytes += SectorSize * count.Sectors;

        // Lanes that read the same bytes are served by one reading of them.
        UsedBytes += Math.Min(count.GlobalBytes, SectorSize * count.Sectors);
    }
}
