using System.Diagnostics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <content>Streams, events and host functions.</content>
public sealed partial class SimulatedDriver
{
    private const int GreatestPriority = -5;

    /// <inheritdoc/>
    public override CuResult GetPriorities(out int least, out int greatest)
    {
        (least, greatest) = (0, GreatestPriority);
        return InContext(nameof(GetPriorities), CallRule.None, _ => CuResult.Success);
    }

    /// <inheritdoc/>
    public override CuResult CreateStream(int priority, out nint stream)
    {
        nint made = 0;
        CuResult result = InContext(nameof(CreateStream), CallRule.None, context =>
        {
            made = _handles.Add(new SimulatedStream(context, Math.Clamp(priority, GreatestPriority, 0)) { Number = context.Order?.NewStream() ?? 0 });
            return CuResult.Success;
        });
        stream = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult DestroyStream(nint stream) => OnStream(nameof(DestroyStream), CallRule.Release, stream, (context, it) =>
    {
        _handles.Remove(stream);
        return it.Capture is null ? CuResult.Success : BreakCapture(context, it.Capture, "A stream that captures was destroyed.");
    });

    /// <inheritdoc/>
    public override CuResult SynchronizeStream(nint stream) => OnStream(nameof(SynchronizeStream), CallRule.None, stream, (context, it) =>
        it.Capture is null ? Wait(context, () => it.IsIdle, it.Clock) : BreakCapture(context, it.Capture, "A stream cannot be synchronised while it captures."));

    /// <inheritdoc/>
    public override CuResult QueryStream(nint stream) => OnStream(nameof(QueryStream), CallRule.None, stream, (context, it) =>
    {
        if (it.Capture is not null)
        {
            return BreakCapture(context, it.Capture, "A stream cannot be queried while it captures.");
        }

        return Asked(context, () => it.IsIdle, it.Clock);
    });

    /// <inheritdoc/>
    public override CuResult WaitEvent(nint stream, nint happened) => OnStream(nameof(WaitEvent), CallRule.None, stream, (context, it) =>
    {
        if (_handles.Find<SimulatedEvent>(happened) is not SimulatedEvent awaited)
        {
            return Invalid(happened, "event");
        }

        if (awaited.Capture is StreamCapture from)
        {
            if (it.Capture is not null && it.Capture != from)
            {
                from.Broken ??= "Two captures were joined.";
                return BreakCapture(context, it.Capture, "A stream that captures cannot wait for an event of another capture.", CuResult.StreamCaptureMerge);
            }

            if (!_captures.Contains(from))
            {
                return Fail(CuResult.InvalidValue, "The event was recorded in a capture that has ended; it means nothing outside it.");
            }

            from.Join(it, awaited.Seen);
            return CuResult.Success;
        }

        if (it.Capture is not null && awaited.Marker is not null)
        {
            return BreakCapture(context, it.Capture, "A stream that captures cannot wait for an event recorded outside of the capture.", CuResult.StreamCaptureIsolation);
        }

        if (_options.IgnoresEvents)
        {
            return CuResult.Success;
        }

        if (awaited.Marker is { Clock: StreamClock before })
        {
            it.Clock.Join(before);
        }

        if (awaited.Marker is { IsDone: false } marker)
        {
            it.Awaited.Add(marker);
        }

        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult CreateEvent(bool timed, out nint created)
    {
        nint made = 0;
        CuResult result = InContext(nameof(CreateEvent), CallRule.None, context =>
        {
            made = _handles.Add(new SimulatedEvent(context, timed));
            return CuResult.Success;
        });
        created = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult DestroyEvent(nint happened) => InContext(nameof(DestroyEvent), CallRule.Release, _ =>
    {
        if (_handles.Find<SimulatedEvent>(happened) is null)
        {
            return Invalid(happened, "event");
        }

        _handles.Remove(happened);
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult RecordEvent(nint happened, nint stream) => OnStream(nameof(RecordEvent), CallRule.None, stream, (context, it) =>
    {
        if (_handles.Find<SimulatedEvent>(happened) is not SimulatedEvent recorded || recorded.Context != context)
        {
            return Invalid(happened, "event");
        }

        recorded.Capture = it.Capture;
        if (it.Capture is StreamCapture capture)
        {
            recorded.Marker = null;
            recorded.Seen = [.. capture.Seen[it]];
            return CuResult.Success;
        }

        StreamWork? marker = null;
        marker = new StreamWork("event", () => recorded.Time = ReferenceEquals(recorded.Marker, marker) ? Stopwatch.GetTimestamp() : recorded.Time);
        recorded.Marker = marker;
        context.Work.Add(it, marker);
        return Status(context);
    });

    /// <inheritdoc/>
    public override CuResult QueryEvent(nint happened) => OnEvent(nameof(QueryEvent), happened, (context, it) => Asked(context, () => it.Marker?.IsDone != false, it.Marker?.Clock ?? new StreamClock()));

    /// <inheritdoc/>
    public override CuResult SynchronizeEvent(nint happened) => OnEvent(nameof(SynchronizeEvent), happened, (context, it) => Wait(context, () => it.Marker?.IsDone != false, it.Marker?.Clock ?? new StreamClock()));

    /// <inheritdoc/>
    public override CuResult GetElapsed(nint from, nint to, out float milliseconds)
    {
        float elapsed = 0;
        CuResult result = InContext(nameof(GetElapsed), CallRule.None, _ =>
        {
            SimulatedEvent? first = _handles.Find<SimulatedEvent>(from), last = _handles.Find<SimulatedEvent>(to);
            if (first is not { IsTimed: true, Marker: not null } || last is not { IsTimed: true, Marker: not null })
            {
                return Fail(CuResult.InvalidHandle, "Time passes between two timed events that were recorded.");
            }

            if (!first.Marker.IsDone || !last.Marker.IsDone)
            {
                return Fail(CuResult.NotReady, null);
            }

            elapsed = (float)Stopwatch.GetElapsedTime(first.Time, last.Time).TotalMilliseconds;
            return CuResult.Success;
        });
        milliseconds = elapsed;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult LaunchHost(nint stream, Action action) => OnStream(nameof(LaunchHost), CallRule.None, stream, (context, it) =>
    {
        if (it.Capture is not null)
        {
            return BreakCapture(context, it.Capture, "A host function cannot be captured.");
        }

        context.Work.Add(it, new StreamWork("host function", action) { IsHost = true });
        return Status(context);
    });

    private static SimulatedStream? StreamIn(SimulatedContext context, SimulatedStream? stream) => stream?.Context == context ? stream : null;

    private SimulatedStream? StreamOf(SimulatedContext context, nint stream) => StreamIn(context, _handles.Find<SimulatedStream>(stream));

    private CuResult OnStream(string call, CallRule rule, nint stream, Func<SimulatedContext, SimulatedStream, CuResult> body) => InContext(call, rule, context =>
        StreamOf(context, stream) is SimulatedStream found ? body(context, found) : Invalid(stream, "stream"));

    private CuResult OnEvent(string call, nint happened, Func<SimulatedContext, SimulatedEvent, CuResult> body) => InContext(call, CallRule.None, context =>
        _handles.Find<SimulatedEvent>(happened) is not SimulatedEvent found || found.Context != context ? Invalid(happened, "event")
            : found.Capture is null ? body(context, found) : Fail(CuResult.CapturedEvent, "The event was recorded in a capture and cannot be waited for or asked."));

    // Who asks again and again must see progress at some time.
    private CuResult Asked(SimulatedContext context, Func<bool> holds, StreamClock awaited)
    {
        if (!holds())
        {
            context.Work.RunOne();
        }

        if (holds())
        {
            context.Order?.Awaited(awaited);
        }

        return Status(context) is not CuResult.Success and CuResult failure ? failure : holds() ? CuResult.Success : CuResult.NotReady;
    }

    private CuResult Status(SimulatedContext context) => context.Fault == CuResult.Success ? CuResult.Success : Fail(context.Fault, context.FaultDetail);

    // Gives work to a stream, or to the capture it takes part in.
    private CuResult Give(SimulatedStream stream, StreamWork work)
    {
        if (stream.Capture is StreamCapture capture)
        {
            if (capture.Broken is not null)
            {
                return Fail(CuResult.StreamCaptureInvalidated, capture.Broken);
            }

            capture.Add(stream, work);
            return CuResult.Success;
        }

        stream.Context.Work.Add(stream, work);
        return Status(stream.Context);
    }
}
