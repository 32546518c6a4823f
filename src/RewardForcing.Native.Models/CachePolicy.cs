namespace RewardForcing.Native.Models;

/// <summary>How keys and values of past frames are kept: the only thing in which the streaming descendants of Wan differ.</summary>
/// <remarks>Spec: models, sections 2.3 to 2.5 and the table of section 3.</remarks>
public sealed record CachePolicy
{
    /// <summary>Reward Forcing: window 9, three sink frames averaged with what leaves the window, positions relative to the window.</summary>
    public static CachePolicy RewardForcing { get; } = new();

    /// <summary>Self Forcing: every frame is kept at its absolute position; with a window, the sink is one contiguous part of it.</summary>
    public static CachePolicy SelfForcing { get; } = new()
    {
        Name = "self-forcing",
        RopeMode = RopeMode.Absolute,
        WindowFrames = -1,
        SinkFrames = 0,
        SinkUpdate = SinkUpdateRule.Static,
        AttendsSinkAlways = false,
    };

    /// <summary>LongLive 1.0: window 12, three frozen sink frames at absolute positions that later passes cannot overwrite.</summary>
    public static CachePolicy LongLive { get; } = new()
    {
        Name = "longlive",
        RopeMode = RopeMode.Absolute,
        WindowFrames = 12,
        SinkFrames = 3,
        SinkUpdate = SinkUpdateRule.Static,
        ProtectsSink = true,
    };

    /// <summary>LongLive "infinity": as <see cref="LongLive"/>, but positions are those in the window.</summary>
    public static CachePolicy LongLiveInfinity { get; } = LongLive with { Name = "longlive-infinity", RopeMode = RopeMode.WindowRelative };

    /// <summary>Infinite Forcing: window 6, one frozen sink frame, positions relative to the window.</summary>
    public static CachePolicy InfiniteForcing { get; } = new()
    {
        Name = "infinite-forcing",
        WindowFrames = 6,
        SinkFrames = 1,
        SinkUpdate = SinkUpdateRule.Static,
    };

    /// <summary>CausVid: every frame of a roll-out is kept at its absolute position.</summary>
    public static CachePolicy CausVid { get; } = SelfForcing with { Name = "causvid" };

    private static readonly CachePolicy[] Known = [RewardForcing, SelfForcing, LongLive, LongLiveInfinity, InfiniteForcing, CausVid];

    /// <summary>Names <see cref="FromName"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(policy => policy.Name)];

    /// <summary>Name on the command line.</summary>
    public string Name { get; init; } = "reward-forcing";

    /// <summary>When keys are rotated.</summary>
    public RopeMode RopeMode { get; init; } = RopeMode.WindowRelative;

    /// <summary>Frames a block may attend to, sink included; -1 for all.</summary>
    public int WindowFrames { get; init; } = 9;

    /// <summary>Frames at the start of the video that never leave the window.</summary>
    public int SinkFrames { get; init; } = 3;

    /// <summary>Frames the buffers hold; 0 takes <see cref="WindowFrames"/>, or the length of the video where that is -1. More frames than the window are kept in training only.</summary>
    public int CapacityFrames { get; init; }

    /// <summary>Whether evicted frames change the sink.</summary>
    public SinkUpdateRule SinkUpdate { get; init; } = SinkUpdateRule.Ema;

    /// <summary>What an averaging sink does when the number of evicted frames is not its own.</summary>
    public SinkMismatch SinkMismatch { get; init; } = SinkMismatch.Overwrite;

    /// <summary>Share of the sink that is kept at each update, 0 to 1.</summary>
    public double SinkAlpha { get; init; } = 0.999;

    /// <summary>Arithmetic of the average with bfloat16 keys and values; float ones are averaged in float anyway.</summary>
    public SinkPrecision SinkPrecision { get; init; } = SinkPrecision.Bf16Exact;

    /// <summary>Whether the sink is attended to even where the buffers hold more than the window; else the window is one contiguous range.</summary>
    public bool AttendsSinkAlways { get; init; } = true;

    /// <summary>Whether only the first pass over frames may write the slots of the sink (but for the first block).</summary>
    public bool ProtectsSink { get; init; }

    /// <summary>Finds a policy by its name on the command line.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists all.</exception>
    public static CachePolicy FromName(string name) =>
        Known.FirstOrDefault(policy => policy.Name == name)
        ?? throw new ArgumentException($"cache policy: expected one of {string.Join(", ", Names)}, got {name}.", nameof(name));

    /// <summary>Frames the buffers hold for a video of some latent frames.</summary>
    internal int FramesOf(int videoFrames) => CapacityFrames > 0 ? CapacityFrames : WindowFrames > 0 ? WindowFrames : videoFrames;

    /// <summary>Refuses what cannot work.</summary>
    /// <exception cref="ArgumentException">One sentence that names the value.</exception>
    public void Validate()
    {
        if (WindowFrames is 0 or < -1)
        {
            throw new ArgumentException($"cache policy: the window must be -1 or at least 1 frame, got {WindowFrames}.");
        }

        if (SinkFrames < 0 || (WindowFrames > 0 && SinkFrames >= WindowFrames))
        {
            throw new ArgumentException($"cache policy: the sink must have fewer frames than the window of {WindowFrames}, got {SinkFrames}.");
        }

        if (CapacityFrames != 0 && CapacityFrames < WindowFrames)
        {
            throw new ArgumentException($"cache policy: the capacity must be at least the window of {WindowFrames} frames, got {CapacityFrames}.");
        }

        if (!(SinkAlpha is >= 0 and <= 1))
        {
            throw new ArgumentException($"cache policy: the sink's alpha must be from 0 to 1, got {SinkAlpha}.");
        }
    }
}
