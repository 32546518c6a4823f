namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A copy by the asynchronous units that is under way.</summary>
/// <param name="complete">Does it.</param>
internal sealed class BulkCopy(Action complete)
{
    /// <summary>Block of the mbarrier that counts its bytes, or null.</summary>
    public Block? Owner { get; init; }

    /// <summary>Shared address of that mbarrier.</summary>
    public uint Barrier { get; init; }

    /// <summary>Block whose shared memory it reads, and has to outlive it; null for a copy into shared memory.</summary>
    public Block? Source { get; init; }

    /// <summary>What it is, for messages.</summary>
    public string Description { get; init; } = "";

    /// <summary>Moment of the copy unit at which it was started (checked mode).</summary>
    public int Moment { get; init; }

    /// <summary>Whether it has happened.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Lets it happen.</summary>
    public void Complete()
    {
        if (!IsDone)
        {
            IsDone = true;
            complete();
        }
    }
}
