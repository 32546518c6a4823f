using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Tensors;

public class WorkersTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 7)]
    [InlineData(2, 1)]
    [InlineData(3, 1000)]
    [InlineData(16, 5)]
    public void For_AnyCount_RunsEveryItemOnce(int threads, int count)
    {
        using var workers = new Workers(threads);
        int[] runs = new int[count];
        workers.For(count, item => Interlocked.Increment(ref runs[item]));
        Assert.All(runs, static n => Assert.Equal(1, n));
    }

    [Fact]
    public void For_ManyShortLoops_RunsEveryItemOnce()
    {
        using var workers = new Workers(4);
        int sum = 0;
        for (int loop = 0; loop < 5000; loop++)
        {
            workers.For(3, item => Interlocked.Add(ref sum, item));
        }

        Assert.Equal(15000, sum);
    }

    [Fact]
    public void For_LoopsWithinItems_RunsEveryItemOnce()
    {
        using var workers = new Workers(3);
        int sum = 0;
        workers.For(20, outer => workers.For(20, inner => workers.For(5, _ => Interlocked.Increment(ref sum))));
        Assert.Equal(2000, sum);
    }

    [Fact]
    public async Task For_SeveralCallers_AllFinish()
    {
        using var workers = new Workers(2);
        int sum = 0;
        Task Caller() => Task.Run(() =>
        {
            for (int loop = 0; loop < 200; loop++)
            {
                workers.For(10, _ => Interlocked.Increment(ref sum));
            }
        });
        await Task.WhenAll(Caller(), Caller(), Caller());
        Assert.Equal(6000, sum);
    }

    [Fact]
    public void For_SeveralThreads_WorkAtTheSameTime()
    {
        using var workers = new Workers(2);
        using var both = new Barrier(2);
        bool[] met = new bool[2];
        workers.For(2, item => met[item] = both.SignalAndWait(TimeSpan.FromSeconds(30)));
        Assert.Equal([true, true], met);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void For_ItemThatThrows_StopsAndThrowsTheSame(int threads)
    {
        using var workers = new Workers(threads);
        int begun = 0;
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => workers.For(100_000, item =>
        {
            Interlocked.Increment(ref begun);
            throw new InvalidOperationException("item");
        }));
        Assert.Equal("item", thrown.Message);
        Assert.InRange(begun, 1, threads);
        workers.For(3, _ => Interlocked.Increment(ref begun));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void For_Cancelled_BeginsNoFurtherItems(int threads)
    {
        using var workers = new Workers(threads);
        using var source = new CancellationTokenSource();
        int begun = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => workers.For(
            100_000,
            _ =>
            {
                Interlocked.Increment(ref begun);
                source.Cancel();
            },
            source.Token));
        Assert.InRange(begun, 1, threads);
    }

    [Fact]
    public void For_AfterDispose_RunsOnTheCallingThread()
    {
        var workers = new Workers(4);
        workers.Dispose();
        int caller = Environment.CurrentManagedThreadId;
        int[] threads = new int[50];
        workers.For(50, item => threads[item] = Environment.CurrentManagedThreadId);
        Assert.All(threads, thread => Assert.Equal(caller, thread));
    }

    [Fact]
    public void Workers_NoThreads_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new Workers(0));
}
