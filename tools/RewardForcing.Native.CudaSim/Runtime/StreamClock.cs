namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>For every stream, the last of its work that comes before something (a vector clock).</summary>
internal sealed class StreamClock
{
    private readonly Dictionary<int, long> _last = [];

    /// <summary>Makes an empty one.</summary>
    public StreamClock()
    {
    }

    private StreamClock(StreamClock other) => _last = new Dictionary<int, long>(other._last);

    /// <summary>One that goes its own way from here.</summary>
    public StreamClock Copy() => new(this);

    /// <summary>All that comes before the other comes before this too.</summary>
    public void Join(StreamClock other)
    {
        foreach ((int stream, long serial) in other._last)
        {
            _last[stream] = Math.Max(serial, _last.GetValueOrDefault(stream));
        }
    }

    /// <summary>The stream goes on by a piece of work; its number.</summary>
    public long Tick(int stream) => _last[stream] = _last.GetValueOrDefault(stream) + 1;

    /// <summary>Whether a piece of work of a stream comes before this.</summary>
    public bool HasSeen(int stream, long serial) => _last.GetValueOrDefault(stream) >= serial;
}
