namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>A stream: work in its order.</summary>
/// <param name="context">Context it belongs to.</param>
/// <param name="priority">Lower numbers go first on a real device.</param>
internal sealed class SimulatedStream(SimulatedContext context, int priority)
{
    /// <summary>Context it belongs to.</summary>
    public SimulatedContext Context => context;

    /// <summary>Priority it was made with.</summary>
    public int Priority => priority;

    /// <summary>Number for messages.</summary>
    public int Number { get; init; }

    /// <summary>What comes before its next work.</summary>
    public StreamClock Clock { get; } = new();

    /// <summary>Work that is not done, in order.</summary>
    public Queue<StreamWork> Pending { get; } = [];

    /// <summary>Work of other streams that the next work of this one comes after.</summary>
    public List<StreamWork> Awaited { get; } = [];

    /// <summary>Capture it takes part in, or null.</summary>
    public StreamCapture? Capture { get; set; }

    /// <summary>Whether all its work is done, and all it waits for.</summary>
    public bool IsIdle => Pending.Count == 0 && Awaited.TrueForAll(work => work.IsDone);
}
