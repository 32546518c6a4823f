namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>An event: what it recorded last.</summary>
/// <param name="context">Context it belongs to.</param>
/// <param name="timed">Whether it keeps the time.</param>
internal sealed class SimulatedEvent(SimulatedContext context, bool timed)
{
    /// <summary>Context it belongs to.</summary>
    public SimulatedContext Context => context;

    /// <summary>Whether it keeps the time.</summary>
    public bool IsTimed => timed;

    /// <summary>Marker in the stream it recorded, or null before the first.</summary>
    public StreamWork? Marker { get; set; }

    /// <summary>Capture it recorded in, or null.</summary>
    public StreamCapture? Capture { get; set; }

    /// <summary>Nodes of the capture that it has seen.</summary>
    public HashSet<int> Seen { get; set; } = [];

    /// <summary>When the stream passed it, in ticks of the stopwatch.</summary>
    public long Time { get; set; }
}
