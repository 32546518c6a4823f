namespace RewardForcing.Native.Models;

/// <summary>What one forward pass does to the caches of all layers, in frames: decided once on the host before any layer runs.</summary>
/// <remarks>Spec: models 2.4. Slots are frames of the buffers; the sink is slots <c>[0, Sink)</c>.</remarks>
internal sealed record CachePlan
{
    /// <summary>What happens to the sink before the window rolls.</summary>
    public enum SinkChange
    {
        /// <summary>Nothing.</summary>
        None,

        /// <summary>Slot i becomes <c>alpha · slot i + (1 - alpha) · evicted i</c>.</summary>
        Average,

        /// <summary>The first slots take the first evicted frames.</summary>
        Overwrite,
    }

    /// <summary>Frames that come in.</summary>
    public required int Frames { get; init; }

    /// <summary>Number of the first of them in the whole video.</summary>
    public required long StartFrame { get; init; }

    /// <summary>Frames of the sink.</summary>
    public required int Sink { get; init; }

    /// <summary>Frames that leave the window; they lie right behind the sink.</summary>
    public int Evicted { get; init; }

    /// <summary>Frames behind the evicted ones that move down.</summary>
    public int Rolled { get; init; }

    /// <summary>What becomes of the sink.</summary>
    public SinkChange Change { get; init; }

    /// <summary>End of the filled slots when the new frames are in.</summary>
    public required int End { get; init; }

    /// <summary>New frames that are not written, because their slots belong to a protected sink.</summary>
    public int WriteSkip { get; init; }

    /// <summary>First attended slot behind the sink.</summary>
    public required int AttendFrom { get; init; }

    /// <summary>Whether the sink is attended to besides <c>[AttendFrom, End)</c>.</summary>
    public required bool AttendsSink { get; init; }

    /// <summary>Temporal position of the first query, and of the first new key, when positions are relative to the window.</summary>
    public required int QueryPosition { get; init; }

    /// <summary>Counter of frames seen, after the pass.</summary>
    public required long GlobalEnd { get; init; }

    /// <summary>Counter of filled slots, after the pass.</summary>
    public required int LocalEnd { get; init; }

    /// <summary>First slot the new frames take.</summary>
    public int WriteFrom => End - Frames;

    /// <summary>Slots <c>[0, AttendedSink)</c> attended to as the sink; all of them even where the sink is not full yet, as in the reference.</summary>
    public int AttendedSink => AttendsSink ? Sink : 0;

    /// <summary>Whether the attended slots are one range that starts at slot 0.</summary>
    public bool IsContiguous => AttendFrom <= AttendedSink || AttendFrom == 0;

    /// <summary>End of the attended slots.</summary>
    public int AttendEnd => Math.Max(AttendedSink, End);

    /// <summary>Plans a pass.</summary>
    /// <param name="policy">The rules.</param>
    /// <param name="capacity">Frames the buffers hold.</param>
    /// <param name="globalEnd">Frames seen so far.</param>
    /// <param name="localEnd">Slots filled so far.</param>
    /// <param name="startFrame">Number of the first new frame.</param>
    /// <param name="frames">Number of new frames.</param>
    /// <exception cref="ArgumentException">The frames do not follow those seen, or do not fit.</exception>
    public static CachePlan For(CachePolicy policy, int capacity, long globalEnd, int localEnd, long startFrame, int frames)
    {
        if (startFrame < 0 || frames < 1 || startFrame > globalEnd)
        {
            throw new ArgumentException(
                $"causal forward: frames {startFrame}..{startFrame + frames - 1} do not follow the {globalEnd} frames in the cache; blocks are given in order.", nameof(startFrame));
        }

        int sink = policy.SinkFrames;
        int window = policy.WindowFrames > 0 ? policy.WindowFrames : capacity;
        long currentEnd = startFrame + frames;
        bool first = currentEnd > globalEnd;
        bool rolls = policy.WindowFrames > 0 && first && frames + localEnd > capacity;
        int evicted = rolls ? frames + localEnd - capacity : 0;
        int rolled = rolls ? localEnd - evicted - sink : 0;
        long end = localEnd + currentEnd - globalEnd - evicted;
        if (rolled < 0 || end > capacity || end < frames)
        {
            throw new ArgumentException(Overflow(policy, capacity, startFrame, frames, rolls), nameof(frames));
        }

        bool repeated = policy.ProtectsSink && !first && startFrame > 0;
        int skip = repeated ? Math.Clamp(sink - ((int)end - frames), 0, frames) : 0;
        int from = policy.AttendsSinkAlways ? Math.Max(sink, (int)end - window + sink) : Math.Max(0, (int)end - window);
        int attended = policy.AttendsSinkAlways ? Math.Min(sink, (int)end) + Math.Max(0, (int)end - from) : (int)end - from;
        return new CachePlan
        {
            Frames = frames,
            StartFrame = startFrame,
            Sink = sink,
            Evicted = evicted,
            Rolled = rolled,
            Change = ChangeOf(policy, evicted),
            End = (int)end,
            WriteSkip = skip,
            AttendFrom = from,
            AttendsSink = policy.AttendsSinkAlways,
            QueryPosition = attended - frames,
            GlobalEnd = repeated ? globalEnd : currentEnd,
            LocalEnd = repeated ? localEnd : (int)end,
        };
    }

    private static SinkChange ChangeOf(CachePolicy policy, int evicted)
    {
        return evicted == 0 || policy.SinkFrames == 0 || policy.SinkUpdate == SinkUpdateRule.Static ? SinkChange.None
            : evicted == policy.SinkFrames ? SinkChange.Average
            : policy.SinkMismatch == SinkMismatch.Overwrite ? SinkChange.Overwrite
            : SinkChange.None;
    }

    private static string Overflow(CachePolicy policy, int capacity, long startFrame, int frames, bool rolls) => rolls
        ? $"causal forward: a block of {frames} frames does not fit in a window of {policy.WindowFrames} frames with {policy.SinkFrames} sink frames; use smaller blocks or a larger window."
        : $"causal forward: frames {startFrame}..{startFrame + frames - 1} do not fit in a cache of {capacity} frames; "
            + (policy.WindowFrames < 0 ? "make it for the whole length of the video, or set a window." : "blocks are given in order.");
}
