using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <content>Captures and graphs.</content>
public sealed partial class SimulatedDriver
{
    private readonly List<StreamCapture> _captures = [];

    /// <inheritdoc/>
    public override CuResult BeginCapture(nint stream) => OnStream(nameof(BeginCapture), CallRule.None, stream, (_, it) =>
    {
        if (it.Capture is not null)
        {
            return Fail(CuResult.IllegalState, "The stream captures already.");
        }

        it.Capture = new StreamCapture(it, Environment.CurrentManagedThreadId);
        _captures.Add(it.Capture);
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult EndCapture(nint stream, out nint graph)
    {
        nint made = 0;
        CuResult result = OnStream(nameof(EndCapture), CallRule.None, stream, (context, it) =>
        {
            if (it.Capture is not StreamCapture capture)
            {
                return Fail(CuResult.IllegalState, "The stream does not capture.");
            }

            if (capture.Thread != Environment.CurrentManagedThreadId)
            {
                return Fail(CuResult.StreamCaptureWrongThread, "The capture began on another thread.");
            }

            if (capture.Origin != it)
            {
                return BreakCapture(context, capture, "A capture is ended on the stream it began on.", CuResult.StreamCaptureUnmatched);
            }

            capture.End();
            _captures.Remove(capture);
            if (capture.Broken is not null)
            {
                return Fail(CuResult.StreamCaptureInvalidated, capture.Broken);
            }

            if (!capture.IsJoined)
            {
                return Fail(CuResult.StreamCaptureUnjoined, "Another stream took part in the capture, and the one it began on does not wait for its end.");
            }

            made = _handles.Add(new RecordedGraph(context, capture.Nodes, false));
            return CuResult.Success;
        });
        graph = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetCaptureStatus(nint stream, out CudaCaptureStatus status)
    {
        CudaCaptureStatus found = CudaCaptureStatus.None;
        CuResult result = OnStream(nameof(GetCaptureStatus), CallRule.None, stream, (_, it) =>
        {
            found = it.Capture is null ? CudaCaptureStatus.None : it.Capture.Broken is null ? CudaCaptureStatus.Active : CudaCaptureStatus.Invalidated;
            return CuResult.Success;
        });
        status = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetGraphNodes(nint graph, out ulong count)
    {
        ulong found = 0;
        CuResult result = OnGraph(nameof(GetGraphNodes), CallRule.None, graph, false, it =>
        {
            found = (ulong)it.Nodes.Count;
            return CuResult.Success;
        });
        count = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult InstantiateGraph(nint graph, out nint executable)
    {
        nint made = 0;
        CuResult result = OnGraph(nameof(InstantiateGraph), CallRule.None, graph, false, it =>
        {
            made = _handles.Add(it with { IsExecutable = true });
            return CuResult.Success;
        });
        executable = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult LaunchGraph(nint executable, nint stream) => OnGraph(nameof(LaunchGraph), CallRule.None, executable, true, it =>
    {
        if (StreamOf(it.Context, stream) is not SimulatedStream on)
        {
            return Invalid(stream, "stream");
        }

        if (it.Nodes.FirstOrDefault(node => node.Function?.Owner.IsUnloaded == true) is StreamWork stale)
        {
            return Fail(CuResult.InvalidHandle, $"The graph has a {stale.Name}, whose module was unloaded.");
        }

        return Give(on, new StreamWork($"graph of {it.Nodes.Count} nodes", () =>
        {
            foreach (StreamWork node in it.Nodes)
            {
                node.Run();
            }
        }));
    });

    /// <inheritdoc/>
    public override CuResult DestroyGraph(nint graph) => OnGraph(nameof(DestroyGraph), CallRule.Release, graph, false, _ => Destroyed(graph));

    /// <inheritdoc/>
    public override CuResult DestroyExecutableGraph(nint executable) => OnGraph(nameof(DestroyExecutableGraph), CallRule.Release, executable, true, _ => Destroyed(executable));

    private CuResult Destroyed(nint graph)
    {
        _handles.Remove(graph);
        return CuResult.Success;
    }

    private CuResult OnGraph(string call, CallRule rule, nint graph, bool executable, Func<RecordedGraph, CuResult> body) => InContext(call, rule, context =>
        _handles.Find<RecordedGraph>(graph) is RecordedGraph found && found.IsExecutable == executable && found.Context == context
            ? body(found)
            : Invalid(graph, executable ? "executable graph" : "graph"));

    private StreamCapture? CaptureOfThread() => _captures.Find(capture => capture.Thread == Environment.CurrentManagedThreadId && capture.Broken is null);

    // A forbidden call breaks the capture, or all of the context's where it names none.
    private CuResult BreakCapture(SimulatedContext context, StreamCapture? capture, string why, CuResult result = CuResult.StreamCaptureUnsupported)
    {
        foreach (StreamCapture each in _captures)
        {
            if (each == capture || (capture is null && each.Origin.Context == context))
            {
                each.Broken ??= why;
            }
        }

        return Fail(result, why);
    }
}
