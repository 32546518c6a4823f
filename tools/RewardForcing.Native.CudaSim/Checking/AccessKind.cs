namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What is done to memory.</summary>
internal enum AccessKind
{
    /// <summary>It is read.</summary>
    Read,

    /// <summary>It is read through the read-only path.</summary>
    ReadOnly,

    /// <summary>It is read in an order with other strong accesses (<c>volatile</c>, <c>relaxed</c>, <c>acquire</c>).</summary>
    StrongRead,

    /// <summary>It is written.</summary>
    Write,

    /// <summary>It is written in an order with other strong accesses (<c>volatile</c>, <c>relaxed</c>, <c>release</c>).</summary>
    StrongWrite,

    /// <summary>It is read and written in one.</summary>
    Atomic,

    /// <summary>A copy that will write it has been started.</summary>
    CopyStarted,

    /// <summary>A copy has written it.</summary>
    CopyDone,

    /// <summary>An asynchronous unit looks whether it may use it, without remembering that it did.</summary>
    Looked,
}
