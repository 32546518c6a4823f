namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A launch, copy, fill, free, host function or event: something a stream does in its order.</summary>
/// <param name="name">What it is, for messages.</param>
/// <param name="run">Does it.</param>
internal sealed class StreamWork(string name, Action run)
{
    /// <summary>What it is.</summary>
    public string Name => name;

    /// <summary>Work of other streams that comes before it.</summary>
    public List<StreamWork> After { get; } = [];

    /// <summary>Kernel it launches, if it does: it must still be loaded.</summary>
    public SimulatedFunction? Function { get; init; }

    /// <summary>Whether it is code of the host, which runs on a thread of its own while other calls go on.</summary>
    public bool IsHost { get; init; }

    /// <summary>Whether it is counted as a node of a graph.</summary>
    public bool IsNode { get; init; } = true;

    /// <summary>Whether it runs now.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Whether it is done, or was given up after a fault.</summary>
    public bool IsDone { get; set; }

    /// <summary>Number of the stream it was given to.</summary>
    public int Stream { get; set; }

    /// <summary>Its number among that stream's work.</summary>
    public long Serial { get; set; }

    /// <summary>What comes before it, itself included; null where streams are not watched.</summary>
    public StreamClock? Clock { get; set; }

    /// <summary>Does it.</summary>
    public void Run() => run();
}
