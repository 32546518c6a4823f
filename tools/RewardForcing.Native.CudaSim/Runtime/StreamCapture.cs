namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Work that is recorded instead of run.</summary>
/// <param name="origin">Stream it began on.</param>
/// <param name="thread">Thread that began it.</param>
internal sealed class StreamCapture(SimulatedStream origin, int thread)
{
    /// <summary>Stream it began on.</summary>
    public SimulatedStream Origin => origin;

    /// <summary>Thread that began it.</summary>
    public int Thread => thread;

    /// <summary>What was recorded.</summary>
    public List<StreamWork> Nodes { get; } = [];

    /// <summary>Streams that take part, with the nodes that each has seen.</summary>
    public Dictionary<SimulatedStream, HashSet<int>> Seen { get; } = new() { [origin] = [] };

    /// <summary>Why it is broken, or null.</summary>
    public string? Broken { get; set; }

    /// <summary>Records work of a stream.</summary>
    public void Add(SimulatedStream stream, StreamWork work)
    {
        Nodes.Add(work);
        Seen[stream].Add(Nodes.Count - 1);
    }

    /// <summary>A stream waits for an event of this capture and takes part from now on.</summary>
    public void Join(SimulatedStream stream, HashSet<int> seen)
    {
        stream.Capture = this;
        if (!Seen.TryGetValue(stream, out HashSet<int>? own))
        {
            Seen[stream] = own = [];
        }

        own.UnionWith(seen);
    }

    /// <summary>Whether everything that was recorded comes before the end of the stream it began on.</summary>
    public bool IsJoined => Seen[origin].Count == Nodes.Count;

    /// <summary>Lets all streams go.</summary>
    public void End()
    {
        foreach (SimulatedStream stream in Seen.Keys)
        {
            stream.Capture = null;
        }
    }
}
