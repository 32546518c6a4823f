namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>How kernels are run.</summary>
public sealed record SimulationOptions
{
    /// <summary>
    /// Whether everything is checked: values never written, races between warps and between blocks, copies not waited for; and accesses are counted.
    /// Without it, bounds and alignment are still checked.
    /// </summary>
    public bool Checked { get; init; }

    /// <summary>Whether approximate instructions are disturbed and matrix products summed in another order.</summary>
    public bool Perturb { get; init; }

    /// <summary>Whether blocks and warps run in a random order and take turns at random places.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Start of the random numbers.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads of the host that run blocks; checked runs take one.</summary>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Basic blocks a warp may run before the launch counts as endless.</summary>
    public long WatchdogBlocks { get; init; } = 1L << 28;

    /// <summary>Findings kept of a launch.</summary>
    public int MaxFindings { get; init; } = 50;

    /// <summary>Whether the memory that a checked launch uses is recorded; the driver asks for it where it watches the order of streams.</summary>
    internal bool RecordsUses { get; init; }

    /// <summary>Kinds of findings that are not reported.</summary>
    public IReadOnlySet<Checking.FindingKind> Ignored { get; init; } = new HashSet<Checking.FindingKind>();
}
