namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What those who arrived at an mbarrier had seen, phase by phase.</summary>
internal sealed class BarrierOrder
{
    /// <summary>What those who arrived in this phase had seen.</summary>
    public int[]? Arriving;

    /// <summary>What those who arrived in the last complete phase had seen.</summary>
    public int[]? Completed { get; private set; }

    /// <summary>Warp that initialised it.</summary>
    public int Maker { get; init; }

    /// <summary>Whether its initialisation was made visible to the asynchronous units by a fence of barriers' initialisations.</summary>
    public bool IsPublished { get; set; }

    /// <summary>The phase is complete.</summary>
    public void Advance()
    {
        Completed = Arriving;
        Arriving = null;
    }
}
