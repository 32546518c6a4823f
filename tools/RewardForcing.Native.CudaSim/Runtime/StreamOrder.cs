using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>
/// Finds work of two streams on the same memory that nothing orders: neither a stream, nor an event, nor a wait of the host. It looks at what must come before
/// what, not at what happened to, so a missing event is found whichever ran first.
/// </summary>
/// <remarks>
/// A launch uses the words it touches, which checked runs alone know; copies, fills, products and frees use whole ranges. A free counts as a write to all of
/// its block, and so does an allocation in stream order. A graph is one piece of work. What one thread of the host has waited for, all have.
/// </remarks>
internal sealed class StreamOrder
{
    private readonly StreamClock _host = new();
    private readonly Dictionary<Allocation, List<PastUse>> _past = [];
    private readonly List<MemoryUse> _uses = [];
    private int _streams;

    private sealed record PastUse(string Work, int Stream, long Serial, StreamClock Clock, Ranges Reads, Ranges Writes);

    /// <summary>Number for a new stream.</summary>
    public int NewStream() => ++_streams;

    /// <summary>Work is given to a stream: it comes after that stream's work, what the stream waits for, and what the host has waited for.</summary>
    public void Given(SimulatedStream stream, StreamWork work)
    {
        stream.Clock.Join(_host);
        (work.Stream, work.Serial) = (stream.Number, stream.Clock.Tick(stream.Number));
        work.Clock = stream.Clock.Copy();
    }

    /// <summary>The host has waited for work, and so comes after it.</summary>
    public void Awaited(StreamClock? clock)
    {
        if (clock is not null)
        {
            _host.Join(clock);
        }
    }

    /// <summary>The host has waited for everything: what was used before cannot meet what comes.</summary>
    public void AllAwaited(IEnumerable<SimulatedStream> streams)
    {
        foreach (SimulatedStream stream in streams)
        {
            _host.Join(stream.Clock);
        }

        _past.Clear();
    }

    /// <summary>The running work uses a range.</summary>
    public void Use(DeviceMemory memory, ulong address, ulong bytes, bool written)
    {
        if (memory.Find(address) is Allocation allocation)
        {
            _uses.Add(new MemoryUse(allocation, address - allocation.Address, address - allocation.Address + bytes, written));
        }
    }

    /// <summary>The running work uses what a launch touched.</summary>
    public void Use(TouchedMemory touched) => _uses.AddRange(touched.Uses());

    /// <summary>A block is made for a stream, whose work may use it; others must come after it.</summary>
    public void Allocated(SimulatedStream stream, Allocation allocation)
    {
        stream.Clock.Join(_host);
        long serial = stream.Clock.Tick(stream.Number);
        _past[allocation] = [new PastUse($"allocation of '{allocation.Name}'", stream.Number, serial, stream.Clock.Copy(), Ranges.None, new Ranges([(0, allocation.Bytes)]))];
    }

    /// <summary>Work has run: what it used is held against what others did.</summary>
    /// <param name="work">The work.</param>
    /// <returns>A sentence for each piece of work that it meets out of order.</returns>
    public IReadOnlyList<string> Ran(StreamWork work)
    {
        List<string> met = [];
        foreach (IGrouping<Allocation, MemoryUse> uses in _uses.GroupBy(static use => use.Allocation))
        {
            Allocation allocation = uses.Key;
            PastUse now = new(work.Name, work.Stream, work.Serial, work.Clock!, Of(uses, written: false), Of(uses, written: true));
            if (!_past.TryGetValue(allocation, out List<PastUse>? past))
            {
                _past[allocation] = past = [];
            }

            met.AddRange(past.Where(before => !now.Clock.HasSeen(before.Stream, before.Serial)).Select(before => Meeting(allocation, before, now)).OfType<string>());

            // Whoever comes after this comes after what this comes after, and meets this first.
            past.RemoveAll(before => now.Clock.HasSeen(before.Stream, before.Serial) && now.Writes.Cover(before.Writes) && (now.Reads.Cover(before.Reads) || now.Writes.Cover(before.Reads)));
            past.Add(now);
            if (allocation.IsFreed)
            {
                _past.Remove(allocation);
            }
        }

        _uses.Clear();
        return met;
    }

    private static Ranges Of(IEnumerable<MemoryUse> uses, bool written) => new(uses.Where(use => use.IsWritten == written).Select(static use => (use.First, use.End)));

    private static string? Meeting(Allocation allocation, PastUse before, PastUse now)
    {
        foreach ((Ranges mine, string does, Ranges other, string did) in (ReadOnlySpan<(Ranges, string, Ranges, string)>)[
            (now.Writes, "writes", before.Writes, "writes"), (now.Writes, "writes", before.Reads, "reads"), (now.Reads, "reads", before.Writes, "writes")])
        {
            if (mine.Meet(other) is { } range)
            {
                return $"{FindingKind.StreamOrder}: {now.Work} on stream {now.Stream} {does} bytes {range.First} to {range.End - 1} of '{allocation.Name}' ({allocation.Bytes} bytes), "
                    + $"which {before.Work} on stream {before.Stream} {did}; no event and no wait of the host orders the two";
            }
        }

        return null;
    }
}
