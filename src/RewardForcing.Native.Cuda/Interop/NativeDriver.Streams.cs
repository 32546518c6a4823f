using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda.Interop;

/// <content>Streams, events, host functions and graphs.</content>
internal sealed unsafe partial class NativeDriver
{
    private const uint NonBlocking = 1;
    private const uint WithoutTiming = 2;

    // Calls of other threads do not break a capture.
    private const int ThreadLocalCapture = 1;

    public override CuResult GetPriorities(out int least, out int greatest)
    {
        int low = 0;
        int high = 0;
        CuResult result = CtxGetStreamPriorityRange(&low, &high);
        (least, greatest) = (low, high);
        return result;
    }

    public override CuResult CreateStream(int priority, out nint stream)
    {
        nint value = 0;
        CuResult result = StreamCreateWithPriority(&value, NonBlocking, priority);
        stream = value;
        return result;
    }

    public override CuResult DestroyStream(nint stream) => StreamDestroy(stream);

    public override CuResult SynchronizeStream(nint stream) => StreamSynchronize(stream);

    public override CuResult QueryStream(nint stream) => StreamQuery(stream);

    public override CuResult WaitEvent(nint stream, nint happened) => StreamWaitEvent(stream, happened, 0);

    public override CuResult LaunchHost(nint stream, Action action)
    {
        GCHandle handle = GCHandle.Alloc(action);
        CuResult result = LaunchHostFunc(stream, &RunAction, GCHandle.ToIntPtr(handle));
        if (result != CuResult.Success)
        {
            handle.Free();
        }

        return result;
    }

    public override CuResult CreateEvent(bool timed, out nint created)
    {
        nint value = 0;
        CuResult result = EventCreate(&value, timed ? 0 : WithoutTiming);
        created = value;
        return result;
    }

    public override CuResult DestroyEvent(nint happened) => EventDestroy(happened);

    public override CuResult RecordEvent(nint happened, nint stream) => EventRecord(happened, stream);

    public override CuResult QueryEvent(nint happened) => EventQuery(happened);

    public override CuResult SynchronizeEvent(nint happened) => EventSynchronize(happened);

    public override CuResult GetElapsed(nint from, nint to, out float milliseconds)
    {
        float value = 0;
        CuResult result = EventElapsedTime(&value, from, to);
        milliseconds = value;
        return result;
    }

    public override CuResult BeginCapture(nint stream) => StreamBeginCapture(stream, ThreadLocalCapture);

    public override CuResult EndCapture(nint stream, out nint graph)
    {
        nint value = 0;
        CuResult result = StreamEndCapture(stream, &value);
        graph = value;
        return result;
    }

    public override CuResult GetCaptureStatus(nint stream, out CudaCaptureStatus status)
    {
        CudaCaptureStatus value = CudaCaptureStatus.None;
        CuResult result = StreamIsCapturing(stream, &value);
        status = value;
        return result;
    }

    public override CuResult GetGraphNodes(nint graph, out ulong count)
    {
        nuint value = 0;
        CuResult result = GraphGetNodes(graph, null, &value);
        count = value;
        return result;
    }

    public override CuResult InstantiateGraph(nint graph, out nint executable)
    {
        nint value = 0;
        CuResult result = GraphInstantiateWithFlags(&value, graph, 0);
        executable = value;
        return result;
    }

    public override CuResult LaunchGraph(nint executable, nint stream) => GraphLaunch(executable, stream);

    public override CuResult DestroyGraph(nint graph) => GraphDestroy(graph);

    public override CuResult DestroyExecutableGraph(nint executable) => GraphExecDestroy(executable);

    [UnmanagedCallersOnly]
    private static void RunAction(nint state)
    {
        GCHandle handle = GCHandle.FromIntPtr(state);
        try
        {
            ((Action)handle.Target!)();
        }
        finally
        {
            handle.Free();
        }
    }

    [LibraryImport(Library, EntryPoint = "cuCtxGetStreamPriorityRange")]
    private static partial CuResult CtxGetStreamPriorityRange(int* least, int* greatest);

    [LibraryImport(Library, EntryPoint = "cuStreamCreateWithPriority")]
    private static partial CuResult StreamCreateWithPriority(nint* stream, uint flags, int priority);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    private static partial CuResult StreamDestroy(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    private static partial CuResult StreamSynchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamQuery")]
    private static partial CuResult StreamQuery(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamWaitEvent")]
    private static partial CuResult StreamWaitEvent(nint stream, nint happened, uint flags);

    [LibraryImport(Library, EntryPoint = "cuLaunchHostFunc")]
    private static partial CuResult LaunchHostFunc(nint stream, delegate* unmanaged<nint, void> function, nint state);

    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    private static partial CuResult EventCreate(nint* created, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    private static partial CuResult EventDestroy(nint happened);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    private static partial CuResult EventRecord(nint happened, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventQuery")]
    private static partial CuResult EventQuery(nint happened);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    private static partial CuResult EventSynchronize(nint happened);

    [LibraryImport(Library, EntryPoint = "cuEventElapsedTime")]
    private static partial CuResult EventElapsedTime(float* milliseconds, nint from, nint to);

    [LibraryImport(Library, EntryPoint = "cuStreamBeginCapture_v2")]
    private static partial CuResult StreamBeginCapture(nint stream, int mode);

    [LibraryImport(Library, EntryPoint = "cuStreamEndCapture")]
    private static partial CuResult StreamEndCapture(nint stream, nint* graph);

    [LibraryImport(Library, EntryPoint = "cuStreamIsCapturing")]
    private static partial CuResult StreamIsCapturing(nint stream, CudaCaptureStatus* status);

    [LibraryImport(Library, EntryPoint = "cuGraphGetNodes")]
    private static partial CuResult GraphGetNodes(nint graph, nint* nodes, nuint* count);

    [LibraryImport(Library, EntryPoint = "cuGraphInstantiateWithFlags")]
    private static partial CuResult GraphInstantiateWithFlags(nint* executable, nint graph, ulong flags);

    [LibraryImport(Library, EntryPoint = "cuGraphLaunch")]
    private static partial CuResult GraphLaunch(nint executable, nint stream);

    [LibraryImport(Library, EntryPoint = "cuGraphDestroy")]
    private static partial CuResult GraphDestroy(nint graph);

    [LibraryImport(Library, EntryPoint = "cuGraphExecDestroy")]
    private static partial CuResult GraphExecDestroy(nint executable);
}
