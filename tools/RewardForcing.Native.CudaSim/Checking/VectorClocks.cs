namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>
/// What every agent (a warp, or an asynchronous unit) has seen of every other: entry (a, b) is the last moment of b that happened before now for a. An
/// access at a moment is ordered before another agent's if that agent has seen the moment (Lamport; FastTrack, Flanagan and Freund 2009).
/// </summary>
internal sealed class VectorClocks
{
    private readonly int[][] _seen;

    public VectorClocks(int agents) => _seen = [.. Enumerable.Range(0, agents).Select(_ => new int[agents])];

    /// <summary>Everyone has seen nobody.</summary>
    public void Reset()
    {
        for (int agent = 0; agent < _seen.Length; agent++)
        {
            Array.Clear(_seen[agent]);
            _seen[agent][agent] = 1;
        }
    }

    /// <summary>The present moment of an agent.</summary>
    public int Now(int agent) => _seen[agent][agent];

    /// <summary>Whether an agent has seen a moment of another.</summary>
    public bool HasSeen(int agent, int other, int moment) => agent == other || _seen[agent][other] >= moment;

    /// <summary>Everything an agent has seen goes into a clock; its next accesses are at a new moment.</summary>
    public void Release(int agent, ref int[]? clock)
    {
        clock ??= new int[_seen.Length];
        Join(clock, _seen[agent]);
        _seen[agent][agent]++;
    }

    /// <summary>An agent sees everything in a clock.</summary>
    public void Acquire(int agent, int[] clock) => Join(_seen[agent], clock);

    /// <summary>One agent sees what another has seen.</summary>
    public void Follow(int agent, int leader) => Join(_seen[agent], _seen[leader]);

    /// <summary>A new moment of an agent.</summary>
    public int Tick(int agent) => ++_seen[agent][agent];

    private static void Join(int[] into, int[] from)
    {
        for (int i = 0; i < into.Length; i++)
        {
            into[i] = Math.Max(into[i], from[i]);
        }
    }
}
