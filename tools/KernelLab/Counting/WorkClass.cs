namespace RewardForcing.Native.KernelLab;

/// <summary>What part of a multiprocessor an instruction keeps busy.</summary>
internal enum WorkClass
{
    /// <summary><c>mma.sync</c>: tensor cores, one warp.</summary>
    Matrix,

    /// <summary><c>wgmma</c>: tensor cores, four warps.</summary>
    WarpgroupMatrix,

    /// <summary><c>ldmatrix</c> and <c>stmatrix</c>: shared memory.</summary>
    MatrixMove,

    /// <summary>Loads, stores and atomics of shared memory.</summary>
    Shared,

    /// <summary>Loads, stores and atomics of global memory.</summary>
    Global,

    /// <summary><c>cp.async</c>: global to shared memory, started by each lane.</summary>
    AsyncCopy,

    /// <summary><c>cp.async.bulk</c>: copies of the tensor copy engine.</summary>
    BulkCopy,

    /// <summary>Approximate functions: the special function units.</summary>
    Special,

    /// <summary>Arithmetic of binary32 and narrower.</summary>
    Float,

    /// <summary>Arithmetic of binary64.</summary>
    Double,

    /// <summary>Conversions from and to floating point.</summary>
    Convert,

    /// <summary>Integers, comparisons, addresses.</summary>
    Integer,

    /// <summary><c>mov</c>: most are gone once registers are given out.</summary>
    Move,

    /// <summary>Exchange between lanes.</summary>
    Exchange,

    /// <summary>Branches, barriers, fences, parameters.</summary>
    Control,
}
