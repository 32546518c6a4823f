namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What is wrong with a kernel, or with how it was launched.</summary>
public enum FindingKind
{
    /// <summary>An address outside every allocation, or outside the block's or thread's memory.</summary>
    OutOfBounds,

    /// <summary>An address in memory that was freed.</summary>
    UseAfterFree,

    /// <summary>An address that is not a multiple of the access size.</summary>
    Misaligned,

    /// <summary>An address of another state space than the instruction's.</summary>
    WrongSpace,

    /// <summary>A read of memory that nothing was written to.</summary>
    Uninitialised,

    /// <summary>A read of shared memory that an asynchronous copy has not been waited for.</summary>
    PendingCopy,

    /// <summary>Two warps use the same shared memory without an order between them, and one writes.</summary>
    SharedRace,

    /// <summary>Two blocks of a launch use the same global memory without an order between them, and one writes.</summary>
    GlobalRace,

    /// <summary>Memory read through the read-only path that the same launch writes.</summary>
    ReadOnlyWritten,

    /// <summary>Lanes of a warp that must come together do not.</summary>
    Divergence,

    /// <summary>A barrier used against its rules.</summary>
    Barrier,

    /// <summary>Every warp waits.</summary>
    Deadlock,

    /// <summary>A block that does not come to its end.</summary>
    Timeout,

    /// <summary>A failed assertion.</summary>
    Assertion,

    /// <summary>A trap instruction.</summary>
    Trap,

    /// <summary>A jump through a table beyond its end.</summary>
    InvalidBranch,

    /// <summary>Shared memory written by threads and read by an asynchronous unit without a proxy fence between.</summary>
    ProxyFence,

    /// <summary>A tensor map, or a copy by one, that breaks the rules.</summary>
    TensorMap,

    /// <summary>A warpgroup product used against its rules.</summary>
    WarpgroupProduct,

    /// <summary>More of a resource asked for than there is.</summary>
    Resource,

    /// <summary>Work of two streams on the same memory without an event between them.</summary>
    StreamOrder,
}
