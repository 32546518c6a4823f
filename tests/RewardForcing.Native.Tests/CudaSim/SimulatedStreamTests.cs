using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

public sealed class SimulatedStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Event_OrdersTwoStreams(bool deferred)
    {
        using DriverRun run = SimulatedDriverTests.Run(false, deferred);
        nint function = run.LoadScale();
        run.Ok(run.Driver.CreateStream(-1, out nint other));
        run.Ok(run.Driver.CreateEvent(false, out nint ready));
        ulong x = run.Upload(1f), y = run.Allocate(4), z = run.Allocate(4);
        run.Ok(run.Scale(function, y, x, 1, 5));
        run.Ok(run.Driver.RecordEvent(ready, run.Stream));
        run.Ok(run.Driver.WaitEvent(other, ready));
        run.Ok(run.Scale(function, z, y, 1, 7, other));
        run.Ok(run.Driver.SynchronizeStream(other));
        run.Ok(run.Driver.QueryStream(other));
        Assert.Equal(35, run.Download<float>(z, 1)[0]);
        run.Ok(run.Driver.DestroyEvent(ready));
        Assert.Equal(CuResult.InvalidHandle, run.Driver.WaitEvent(other, ready));
    }

    [Fact]
    public void Query_WhileHostFunctionRuns_IsNotReady()
    {
        using var run = new DriverRun();
        using var go = new ManualResetEventSlim();
        run.Ok(run.Driver.CreateEvent(true, out nint before));
        run.Ok(run.Driver.CreateEvent(true, out nint after));
        CuResult inside = CuResult.Success;
        run.Ok(run.Driver.RecordEvent(before, run.Stream));
        run.Ok(run.Driver.LaunchHost(run.Stream, () =>
        {
            inside = run.Driver.SynchronizeContext();
            go.Wait();
        }));
        run.Ok(run.Driver.RecordEvent(after, run.Stream));
        Assert.Equal(CuResult.NotReady, run.Driver.QueryStream(run.Stream));
        Assert.Equal(CuResult.NotReady, run.Driver.QueryEvent(after));
        Assert.Equal(CuResult.NotReady, run.Driver.GetElapsed(before, after, out _));
        run.Ok(run.Driver.QueryEvent(before));
        go.Set();
        run.Ok(run.Driver.SynchronizeEvent(after));
        run.Ok(run.Driver.GetElapsed(before, after, out float milliseconds));
        Assert.InRange(milliseconds, 0, 60_000);
        Assert.Equal(CuResult.NotPermitted, inside);
        run.Ok(run.Driver.CreateEvent(false, out nint untimed));
        run.Ok(run.Driver.RecordEvent(untimed, run.Stream));
        Assert.Equal(CuResult.InvalidHandle, run.Driver.GetElapsed(before, untimed, out _));
    }

    [Fact]
    public void HostFunction_ThatThrows_FailsTheContext()
    {
        using var run = new DriverRun();
        run.Ok(run.Driver.LaunchHost(run.Stream, () => throw new InvalidOperationException("no")));
        Assert.Equal(CuResult.LaunchFailed, run.Driver.SynchronizeStream(run.Stream));
        Assert.Contains("host function threw InvalidOperationException: no", run.Driver.LastDetail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Capture_OfTwoStreams_ReplaysInOrder(bool deferred)
    {
        using DriverRun run = SimulatedDriverTests.Run(false, deferred);
        nint function = run.LoadScale();
        ulong x = run.Upload(1f), y = run.Allocate(4), z = run.Allocate(4);
        run.Ok(run.Driver.CreateStream(0, out nint side));
        run.Ok(run.Driver.CreateEvent(false, out nint fork));
        run.Ok(run.Driver.CreateEvent(false, out nint join));
        run.Ok(run.Driver.Fill(z, 0, 4, 1, run.Stream));
        run.Ok(run.Driver.BeginCapture(run.Stream));
        run.Ok(run.Scale(function, y, x, 1, 2));
        run.Ok(run.Driver.RecordEvent(fork, run.Stream));
        run.Ok(run.Driver.WaitEvent(side, fork));
        run.Ok(run.Scale(function, z, y, 1, 3, side));
        run.Ok(run.Driver.RecordEvent(join, side));
        run.Ok(run.Driver.WaitEvent(run.Stream, join));
        run.Ok(run.Driver.CopyOnDevice(x, z, 4, run.Stream));
        Assert.Equal(CuResult.CapturedEvent, run.Driver.QueryEvent(fork));
        run.Ok(run.Driver.GetCaptureStatus(side, out CudaCaptureStatus status));
        Assert.Equal(CudaCaptureStatus.Active, status);
        run.Ok(run.Driver.EndCapture(run.Stream, out nint graph));
        run.Ok(run.Driver.GetCaptureStatus(side, out status));
        Assert.Equal(CudaCaptureStatus.None, status);
        run.Ok(run.Driver.GetGraphNodes(graph, out ulong nodes));
        Assert.Equal(3UL, nodes);
        Assert.Equal(1, run.Download<float>(x, 1)[0]);
        run.Ok(run.Driver.InstantiateGraph(graph, out nint executable));
        run.Ok(run.Driver.DestroyGraph(graph));
        for (int i = 0; i < 3; i++)
        {
            run.Ok(run.Driver.LaunchGraph(executable, run.Stream));
        }

        Assert.Equal(216, run.Download<float>(x, 1)[0]);
        run.Ok(run.Driver.DestroyExecutableGraph(executable));
        Assert.Equal(CuResult.InvalidHandle, run.Driver.LaunchGraph(executable, run.Stream));
    }

    public static TheoryData<string> Forbidden => ["SynchronizeStream", "QueryStream", "SynchronizeContext", "Allocate", "AllocateAsync", "AllocateHost", "LaunchHost", "LoadModule"];

    [Theory]
    [MemberData(nameof(Forbidden))]
    public void Capture_ForbiddenCall_BreaksItAndTheStreamWorksAgain(string call)
    {
        using var run = new DriverRun();
        ulong x = run.Upload(1f);
        run.Ok(run.Driver.BeginCapture(run.Stream));
        CuResult result = call switch
        {
            "SynchronizeStream" => run.Driver.SynchronizeStream(run.Stream),
            "QueryStream" => run.Driver.QueryStream(run.Stream),
            "SynchronizeContext" => run.Driver.SynchronizeContext(),
            "Allocate" => run.Driver.Allocate(4, out _),
            "AllocateAsync" => run.Driver.AllocateAsync(4, run.Pool, run.Stream, out _),
            "AllocateHost" => run.Driver.AllocateHost(4, out _),
            "LaunchHost" => run.Driver.LaunchHost(run.Stream, () => { }),
            _ => run.Driver.LoadModule(new KernelImage("scale.cu", "sm_80", DriverRun.ScalePtx, default), out _),
        };
        Assert.Equal(CuResult.StreamCaptureUnsupported, result);
        run.Ok(run.Driver.GetCaptureStatus(run.Stream, out CudaCaptureStatus status));
        Assert.Equal(CudaCaptureStatus.Invalidated, status);
        Assert.Equal(CuResult.StreamCaptureInvalidated, run.Driver.Fill(x, 0, 4, 1, run.Stream));
        Assert.Equal(CuResult.StreamCaptureInvalidated, run.Driver.EndCapture(run.Stream, out nint graph));
        Assert.Equal(0, graph);
        Assert.Equal(1, run.Download<float>(x, 1)[0]);
    }

    [Fact]
    public void Capture_UnjoinedMergedOrMisplaced_IsRefused()
    {
        using var run = new DriverRun();
        ulong x = run.Upload(1f);
        run.Ok(run.Driver.CreateStream(0, out nint side));
        run.Ok(run.Driver.CreateEvent(false, out nint fork));
        Assert.Equal(CuResult.IllegalState, run.Driver.EndCapture(run.Stream, out _));
        run.Ok(run.Driver.BeginCapture(run.Stream));
        Assert.Equal(CuResult.IllegalState, run.Driver.BeginCapture(run.Stream));
        run.Ok(run.Driver.RecordEvent(fork, run.Stream));
        run.Ok(run.Driver.WaitEvent(side, fork));
        run.Ok(run.Driver.Fill(x, 0, 4, 1, side));
        Assert.Equal(CuResult.StreamCaptureUnjoined, run.Driver.EndCapture(run.Stream, out _));
        run.Ok(run.Driver.RecordEvent(fork, run.Stream));
        run.Ok(run.Driver.BeginCapture(run.Stream));
        Assert.Equal(CuResult.StreamCaptureIsolation, run.Driver.WaitEvent(run.Stream, fork));
        Assert.Equal(CuResult.StreamCaptureInvalidated, run.Driver.EndCapture(run.Stream, out _));
        run.Ok(run.Driver.BeginCapture(run.Stream));
        run.Ok(run.Driver.RecordEvent(fork, run.Stream));
        run.Ok(run.Driver.BeginCapture(side));
        Assert.Equal(CuResult.StreamCaptureMerge, run.Driver.WaitEvent(side, fork));
    }
}
