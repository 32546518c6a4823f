using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Registers, types and flags of a <c>wgmma.mma_async</c>.</summary>
/// <param name="N">Columns of the result.</param>
/// <param name="K">Inner extent.</param>
/// <param name="TypeA">Elements of A.</param>
/// <param name="TypeB">Elements of B.</param>
/// <param name="Accumulator">Elements of D.</param>
/// <param name="D">Columns of the register file with D, four to eight columns of the result.</param>
internal sealed record WarpgroupPlan(int N, int K, PtxType TypeA, PtxType TypeB, PtxType Accumulator, int[] D)
{
    /// <summary>Columns with A, or null where A is in shared memory.</summary>
    public int[]? A { get; init; }

    /// <summary>Column with A's descriptor.</summary>
    public int DescriptorA { get; init; }

    /// <summary>Column with B's descriptor.</summary>
    public int DescriptorB { get; init; }

    /// <summary>Predicate: whether D is added to.</summary>
    public int Adds { get; init; }

    /// <summary>Whether A is taken negative.</summary>
    public bool NegatesA { get; init; }

    /// <summary>Whether B is taken negative.</summary>
    public bool NegatesB { get; init; }

    /// <summary>Whether A lies along M in shared memory.</summary>
    public bool TransposesA { get; init; }

    /// <summary>Whether B lies along N in shared memory.</summary>
    public bool TransposesB { get; init; }

    /// <summary>Numbers of the registers that D is in.</summary>
    public required int[] ResultRegisters { get; init; }

    /// <summary>Numbers of the registers that A is in; none where it is in shared memory.</summary>
    public required int[] FactorRegisters { get; init; }
}
