namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>
/// What every agent (a warp, or an asynchronous unit) has seen of every other: entry (a, b) is the last moment of b that happened before now for a. An
/// access at a moment is ordered before another agent's if that agent has seen the moment (Lamport; FastTrack, Flanagan and Freund 2009). A second
/// half of every row holds what a fence between proxies has covered besides.
/// </summary>
internal sealed class VectorClocks
{
    private readonly int _agents;
    private readonly int[][] _seen;

    public VectorClocks(int agents)
    {
        _agents = agents;
        _seen = [.. Enumerable.Range(0, agents).Select(_ => new int[2 * agents])];
    }

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

    /// <summary>Whether a fence between proxies that an agent has seen covers a moment of another, or of its own.</summary>
    public bool IsFenced(int agent, int other, int moment) => _seen[agent][_agents + other] >= moment;

    /// <summary>A fence between proxies: it covers what the agent has seen and done.</summary>
    public void Fence(int agent)
    {
        int[] row = _seen[agent];
        for (int other = 0; other < _agents; other++)
        {
            row[_agents + other] = Math.Max(row[_agents + other], row[other]);
        }

        row[agent]++;
    }

    /// <summary>Everything an agent has seen goes into a clock; its next accesses are at a new moment.</summary>
    public void Release(int agent, ref int[]? clock)
    {
        clock ??= new int[2 * _agents];
        Join(clock, _seen[agent]);
        _seen[agent][agent]++;
    }

    /// <summary>A moment of an agent goes into a clock, with nothing that it has seen.</summary>
    public void ReleaseMoment(int agent, int moment, ref int[]? clock)
    {
        clock ??= new int[2 * _agents];
        clock[agent] = Math.Max(clock[agent], moment);
    }

    /// <summary>An agent sees everything in a clock.</summary>
    public void Acquire(int agent, int[] clock) => Join(_seen[agent], clock);

    /// <summary>An agent sees a moment of another.</summary>
    public void See(int agent, int other, int moment) => _seen[agent][other] = Math.Max(_seen[agent][other], moment);

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
