using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What a streaming network keeps of a video between calls: two frames for each causal convolution, whatever the length.</summary>
/// <remarks>Spec: models 6.4. One stream belongs to one video, one direction and one thread at a time.</remarks>
public sealed class VaeStream : IDisposable
{
    private readonly FrameHistory[] _slots;
    private readonly CpuDevice? _host;
    private Shape _entry;
    private DType _dtype;
    private bool _running;
    private Pass? _pass;

    internal VaeStream(object owner, int slots, CpuDevice? host = null)
    {
        (Owner, _host) = (owner, host);
        _slots = [.. Enumerable.Range(0, slots).Select(_ => new FrameHistory(host))];
    }

    /// <summary>Whether something has gone through already.</summary>
    public bool Started { get; private set; }

    /// <summary>Bytes kept for the next call, on the device or in host memory.</summary>
    public long Bytes => _slots.Sum(static slot => slot.Bytes);

    internal object Owner { get; }

    internal FrameHistory this[int slot] => _slots[slot];

    /// <summary>Forgets the video, so that another one can start.</summary>
    public void Reset()
    {
        foreach (FrameHistory slot in _slots)
        {
            slot.Clear();
        }

        Started = false;
        _running = false;
        _pass = null;
    }

    /// <summary>Releases what is kept.</summary>
    public void Dispose()
    {
        Reset();
        _host?.Dispose();
    }

    /// <summary>Checks that a call continues the video; until <see cref="End"/>, the stream counts as broken off.</summary>
    /// <param name="op">Who calls, for messages.</param>
    /// <param name="x">The next piece.</param>
    /// <param name="owner">Network and direction.</param>
    /// <param name="pass">Where it is computed.</param>
    /// <param name="records">Whether gradients are to flow: then through all pieces of the pass, and to none of another.</param>
    internal void Begin(string op, Tensor x, object owner, Pass pass, bool records)
    {
        if (_running)
        {
            throw new InvalidOperationException($"{op}: an earlier call was stopped half way; reset the stream before the next video.");
        }

        if (!ReferenceEquals(owner, Owner))
        {
            throw new ArgumentException($"{op}: the stream belongs to another network or direction; open one with this network.");
        }

        Shape entry = x.Shape.With(1, 1);
        if (Started && (entry != _entry || x.DType != _dtype))
        {
            throw new ArgumentException($"{op}: the video began with {_dtype} {_entry} for each frame, got {x.DType} {entry}; reset the stream before another video.");
        }

        if (Started && records && !ReferenceEquals(pass, _pass))
        {
            throw new NotSupportedException(
                $"{op}: has no backward pass into another pass, in which this video began; compute all of it in one pass, freeze the network, or reset the stream.");
        }

        (_entry, _dtype, _running, _pass) = (entry, x.DType, true, pass);
    }

    /// <summary>Notes that one piece is through, so that the next is not the first.</summary>
    internal void Advance() => Started = true;

    /// <summary>Notes that a call is complete.</summary>
    internal void End() => _running = false;
}
