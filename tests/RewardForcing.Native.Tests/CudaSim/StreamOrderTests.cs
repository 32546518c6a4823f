using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Two streams on the same memory: with what orders them nothing is found, and each thing left out is.</summary>
public sealed class StreamOrderTests
{
    private const int Count = 64;
    private const ulong Bytes = Count * sizeof(float);

    /// <summary>What the first stream does, what the second does, the words of the finding (the second's before the first's, or the other way round).</summary>
    public static TheoryData<string, string, string, string> Pairs => new()
    {
        { "launch into y", "launch from y", "launch of scale on stream {0} writes", "launch of scale on stream {1} reads" },
        { "launch into y", "launch into y", "launch of scale on stream {0} writes", "launch of scale on stream {1} writes" },
        { "launch from y", "launch into y", "launch of scale on stream {0} reads", "launch of scale on stream {1} writes" },
        { "fill y", "launch from y", "fill of 256 bytes on stream {0} writes", "launch of scale on stream {1} reads" },
        { "launch into y", "copy y out", "launch of scale on stream {0} writes", "copy to the host of 256 bytes on stream {1} reads" },
        { "copy to y", "launch from y", "copy to the device of 256 bytes on stream {0} writes", "launch of scale on stream {1} reads" },
        { "copy y out", "copy to y", "copy to the host of 256 bytes on stream {0} reads", "copy to the device of 256 bytes on stream {1} writes" },
        { "copy within", "fill y", "copy on the device of 256 bytes on stream {0} writes", "fill of 256 bytes on stream {1} writes" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Streams_WithoutAnEvent_AreFoundWhicheverRunsFirst(string first, string second, string one, string other)
    {
        HashSet<bool> orders = [];
        for (ulong seed = 1; seed <= 8; seed++)
        {
            using Pair pair = new(seed);
            pair.Do(first, pair.First);
            pair.Do(second, pair.Second);
            pair.Synchronize();
            Finding finding = Assert.Single(pair.Run.Driver.Findings);
            Assert.Equal(FindingKind.StreamOrder, finding.Kind);
            Assert.Contains(string.Format(null, one, pair.FirstNumber, pair.SecondNumber), finding.Message, StringComparison.Ordinal);
            Assert.Contains(string.Format(null, other, pair.FirstNumber, pair.SecondNumber), finding.Message, StringComparison.Ordinal);
            Assert.Contains("bytes 0 to 255 of 'y' (256 bytes)", finding.Message, StringComparison.Ordinal);
            orders.Add(finding.Message.IndexOf(string.Format(null, one, pair.FirstNumber), StringComparison.Ordinal) < finding.Message.IndexOf(string.Format(null, other, 0, pair.SecondNumber), StringComparison.Ordinal));
        }

        Assert.Equal(2, orders.Count);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Streams_WithAnEvent_AreInOrder(string first, string second, string one, string other)
    {
        Assert.NotEqual(one, other);
        for (ulong seed = 1; seed <= 4; seed++)
        {
            using Pair pair = new(seed);
            pair.Do(first, pair.First);
            pair.Order(pair.First, pair.Second);
            pair.Do(second, pair.Second);
            pair.Synchronize();
            Assert.Empty(pair.Run.Driver.Findings);
        }
    }

    // The event is recorded too early, waited for on the wrong stream, or not waited for.
    [Theory]
    [InlineData("recorded before the work")]
    [InlineData("waited for by the other stream")]
    [InlineData("not waited for")]
    public void Streams_WithAnEventInTheWrongPlace_AreFound(string mistake)
    {
        using Pair pair = new(3);
        SimulatedDriver driver = pair.Run.Driver;
        pair.Run.Ok(driver.CreateEvent(false, out nint passed));
        if (mistake == "recorded before the work")
        {
            pair.Run.Ok(driver.RecordEvent(passed, pair.First));
        }

        pair.Do("launch into y", pair.First);
        if (mistake != "recorded before the work")
        {
            pair.Run.Ok(driver.RecordEvent(passed, pair.First));
        }

        if (mistake != "not waited for")
        {
            pair.Run.Ok(driver.WaitEvent(mistake == "waited for by the other stream" ? pair.First : pair.Second, passed));
        }

        pair.Do("launch from y", pair.Second);
        pair.Synchronize();
        Assert.Equal(FindingKind.StreamOrder, Assert.Single(driver.Findings).Kind);
    }

    [Fact]
    public void Streams_OrderedByWayOfAThirdOrTheHost_AreInOrder()
    {
        using Pair pair = new(5);
        pair.Run.Ok(pair.Run.Driver.CreateStream(0, out nint third));
        pair.Do("launch into y", pair.First);
        pair.Order(pair.First, third);
        pair.Order(third, pair.Second);
        pair.Do("launch from y", pair.Second);
        pair.Run.Ok(pair.Run.Driver.SynchronizeStream(pair.Second));
        pair.Do("fill y", pair.First);
        pair.Run.Ok(pair.Run.Driver.CreateEvent(false, out nint passed));
        pair.Run.Ok(pair.Run.Driver.RecordEvent(passed, pair.First));
        pair.Run.Ok(pair.Run.Driver.SynchronizeEvent(passed));
        pair.Do("copy to y", third);
        pair.Synchronize();
        Assert.Empty(pair.Run.Driver.Findings);
    }

    [Fact]
    public void Streams_OnDifferentParts_AreInOrder()
    {
        using Pair pair = new(5);
        pair.Run.Ok(pair.Run.Scale(pair.Scale, pair.Y, pair.X, Count / 2, 2, pair.First));
        pair.Run.Ok(pair.Run.Scale(pair.Scale, pair.Y + (Bytes / 2), pair.X, Count / 2, 3, pair.Second));
        pair.Synchronize();
        Assert.Empty(pair.Run.Driver.Findings);
    }

    [Fact]
    public void Free_WhileAnotherStreamUsesTheBlock_IsFoundWhicheverRunsFirst()
    {
        HashSet<FindingKind> kinds = [];
        for (ulong seed = 1; seed <= 8; seed++)
        {
            using Pair pair = new(seed);
            pair.Do("launch into y", pair.First);
            pair.Run.Ok(pair.Run.Driver.FreeAsync(pair.Y, pair.Second));
            _ = pair.Run.Driver.SynchronizeContext();
            Finding finding = Assert.Single(pair.Run.Driver.Findings);
            kinds.Add(finding.Kind);
            Assert.Contains("'y'", finding.Message, StringComparison.Ordinal);
            Assert.Contains(finding.Kind == FindingKind.UseAfterFree ? $"which was freed by the free on stream {pair.SecondNumber}" : $"free of 'y' on stream {pair.SecondNumber} writes", finding.Message, StringComparison.Ordinal);
            Assert.Contains("scale", finding.Message, StringComparison.Ordinal);
        }

        Assert.Equal([FindingKind.UseAfterFree, FindingKind.StreamOrder], kinds.Order());
    }

    [Fact]
    public void Allocation_UsedByAStreamThatDoesNotWaitForIt_IsFound()
    {
        using Pair pair = new(2);
        pair.Run.Ok(pair.Run.Driver.AllocateAsync(Bytes, pair.Run.Pool, pair.First, out ulong made));
        pair.Run.Driver.NameBlock(made, "made");
        pair.Run.Ok(pair.Run.Driver.Fill(made, 0, 4, Count, pair.Second));
        pair.Synchronize();
        Finding finding = Assert.Single(pair.Run.Driver.Findings);
        Assert.Contains($"fill of 256 bytes on stream {pair.SecondNumber} writes bytes 0 to 255 of 'made'", finding.Message, StringComparison.Ordinal);
        Assert.Contains($"on stream {pair.FirstNumber}", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Graph_BesideWorkOfAnotherStream_IsFound()
    {
        using Pair pair = new(4);
        SimulatedDriver driver = pair.Run.Driver;
        pair.Run.Ok(driver.BeginCapture(pair.First));
        pair.Do("launch into y", pair.First);
        pair.Run.Ok(driver.EndCapture(pair.First, out nint graph));
        pair.Run.Ok(driver.InstantiateGraph(graph, out nint executable));
        pair.Run.Ok(driver.LaunchGraph(executable, pair.First));
        pair.Order(pair.First, pair.Second);
        pair.Run.Ok(driver.LaunchGraph(executable, pair.First));
        pair.Do("copy y out", pair.Second);
        pair.Synchronize();
        Assert.Contains($"graph of 1 nodes on stream {pair.FirstNumber}", Assert.Single(driver.Findings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Product_BesideAFillOfItsFactor_IsFound()
    {
        using Pair pair = new(4);
        using CudaBlas blas = pair.Run.Driver.CreateBlas(out _)!;
        var matrix = new BlasMatrix(BlasElement.Float32, 8, 8, 8);
        BlasProduct product = new(matrix, matrix, matrix, matrix) { BiasElement = BlasElement.Float32 };
        Span<BlasAlgorithm> found = stackalloc BlasAlgorithm[1];
        Assert.Equal(BlasStatus.Success, blas.Propose(product, new BlasAlignment(16, 16, 16, 16), 0, found, out _));
        ulong d = pair.Run.Allocate(Bytes);
        pair.Synchronize();
        Assert.Equal(BlasStatus.Success, blas.Multiply(product, found[0], new BlasOperands(pair.X, pair.Y, d, d), pair.First));
        pair.Do("fill y", pair.Second);
        pair.Synchronize();
        Assert.Contains($"matrix product [8, 8] x [8, 8] on stream {pair.FirstNumber} reads", Assert.Single(pair.Run.Driver.Findings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finding_CountedAsFault_FailsTheContextWithTheSentence()
    {
        using Pair pair = new(1, faults: true);
        pair.Do("launch into y", pair.First);
        pair.Do("launch from y", pair.Second);
        Assert.Equal(CuResult.LaunchFailed, pair.Run.Driver.SynchronizeContext());
        Assert.Contains("no event and no wait of the host orders the two", pair.Run.Driver.LastDetail, StringComparison.Ordinal);
    }

    // Two streams, a kernel, and vectors that both may use from the start: y = 2 x, z = 2 y.
    private sealed unsafe class Pair : IDisposable
    {
        private readonly float[] _host = GC.AllocateArray<float>(Count, pinned: true);
        private readonly ulong _z;

        public Pair(ulong seed, bool faults = false)
        {
            Run = new DriverRun(new SimulatedDriverOptions { Deferred = true, FindingsAreFaults = faults, Execution = new SimulationOptions { Checked = true, Seed = seed } });
            Run.Ok(Run.Driver.CreateStream(0, out nint first));
            Run.Ok(Run.Driver.CreateStream(0, out nint second));
            (First, Second) = (first, second);
            Scale = Run.LoadScale();
            (X, Y, _z) = (Run.Upload(new float[Count]), Run.Upload(new float[Count]), Run.Upload(new float[Count]));
            Run.Driver.NameBlock(X, "x");
            Run.Driver.NameBlock(Y, "y");
            Synchronize();
        }

        public DriverRun Run { get; }

        public nint First { get; }

        public nint Second { get; }

        // Streams are numbered as they are made; the run itself has the first.
        public int FirstNumber => 2;

        public int SecondNumber => 3;

        public nint Scale { get; }

        public ulong X { get; }

        public ulong Y { get; }

        public void Do(string what, nint stream)
        {
            fixed (float* host = _host)
            {
                Run.Ok(what switch
                {
                    "launch into y" => Run.Scale(Scale, Y, X, Count, 2, stream),
                    "launch from y" => Run.Scale(Scale, _z, Y, Count, 2, stream),
                    "fill y" => Run.Driver.Fill(Y, 0, 4, Count, stream),
                    "copy to y" => Run.Driver.CopyToDevice(Y, (nint)host, Bytes, stream),
                    "copy y out" => Run.Driver.CopyToHost((nint)host, Y, Bytes, stream),
                    _ => Run.Driver.CopyOnDevice(Y, X, Bytes, stream),
                });
            }
        }

        public void Order(nint before, nint after)
        {
            Run.Ok(Run.Driver.CreateEvent(false, out nint passed));
            Run.Ok(Run.Driver.RecordEvent(passed, before));
            Run.Ok(Run.Driver.WaitEvent(after, passed));
            Run.Ok(Run.Driver.DestroyEvent(passed));
        }

        public void Synchronize() => Run.Ok(Run.Driver.SynchronizeContext());

        public void Dispose() => Run.Dispose();
    }
}
