using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace RewardForcing.Native.Tensors;

/// <summary>One loop that several threads take items from.</summary>
internal sealed class WorkerLoop(int count, Action<int> body, CancellationToken cancellation)
{
    private readonly object _gate = new();
    private ExceptionDispatchInfo? _failure;
    private int _next;
    private volatile int _helpers;

    public int Count { get; } = count;

    /// <summary>Threads besides the calling one that take items.</summary>
    public int Helpers => _helpers;

    /// <summary>Runs items until none is left to begin. Never throws.</summary>
    public void Run()
    {
        try
        {
            for (int item = Interlocked.Increment(ref _next) - 1; item < Count; item = Interlocked.Increment(ref _next) - 1)
            {
                cancellation.ThrowIfCancellationRequested();
                body(item);
            }
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
        finally
        {
            // Later increments start from here: no item is begun after a failure, and the counter cannot run over.
            Volatile.Write(ref _next, Count);
        }
    }

    public void Join()
    {
        lock (_gate)
        {
            _helpers++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _helpers--;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until no helper runs an item: watching for a moment, then asleep.</summary>
    public void Wait(long watchTicks)
    {
        long start = Stopwatch.GetTimestamp();
        while (_helpers > 0 && Stopwatch.GetTimestamp() - start < watchTicks)
        {
            Thread.SpinWait(Workers.Pauses);
        }

        lock (_gate)
        {
            while (_helpers > 0)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Throws what the first failed item threw.</summary>
    public void ThrowIfFailed() => _failure?.Throw();
}
