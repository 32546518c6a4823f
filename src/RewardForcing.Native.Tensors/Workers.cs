using System.Diagnostics;

namespace RewardForcing.Native.Tensors;

/// <summary>Threads that share the loop of an op. Items are handed out one by one, so a busy core delays nobody else.</summary>
/// <remarks>
/// The calling thread works too and waits only for items that others have begun, so loops may be started from several threads at once and
/// from within items. Threads start when first needed, watch for work for a moment after each loop, then sleep, and end when nothing came for a while.
/// </remarks>
public sealed class Workers : IDisposable
{
    // Waking a sleeping thread takes longer than most gaps between two ops do.
    private static readonly long WatchTicks = Stopwatch.Frequency / 10_000;

    // Between two looks while watching. Yielding instead would hand the core to another program for longer than most loops take.
    internal const int Pauses = 4;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();
    private readonly List<WorkerLoop> _loops = [];
    private volatile int _open;
    private int _running;
    private int _asleep;
    private bool _disposed;

    /// <summary>Creates a group.</summary>
    /// <param name="threads">Threads that run items, the calling one included; at least 1.</param>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
    }

    /// <summary>Threads that run items, the calling one included.</summary>
    public int Threads { get; }

    /// <summary>Runs <paramref name="body"/> for every index below <paramref name="count"/> and returns when all are done.</summary>
    /// <param name="count">Number of items; which thread runs which is not specified, so items must be independent.</param>
    /// <param name="body">The work of one item. If one throws, no further items are begun and the first exception is thrown again here.</param>
    /// <param name="cancellation">Looked at before every item.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> asked to stop before all items were begun.</exception>
    public void For(int count, Action<int> body, CancellationToken cancellation = default)
    {
        if (count <= 1 || Threads == 1)
        {
            for (int i = 0; i < count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                body(i);
            }

            return;
        }

        var loop = new WorkerLoop(count, body, cancellation);
        Open(loop);
        loop.Run();
        Close(loop);
        loop.Wait(WatchTicks);
        loop.ThrowIfFailed();
    }

    /// <summary>Ends the threads. Loops started afterwards run on the calling thread alone.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Open(WorkerLoop loop)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _loops.Add(loop);
            _open = _loops.Count;
            int wanted = Math.Min(loop.Count, Threads) - 1;
            for (int i = Math.Min(wanted, _asleep); i > 0; i--)
            {
                Monitor.Pulse(_gate);
            }

            for (; _running < wanted; _running++)
            {
                new Thread(Work) { IsBackground = true, Name = "RewardForcing.Native worker" }.Start();
            }
        }
    }

    // Nobody joins a loop once it is closed.
    private void Close(WorkerLoop loop)
    {
        lock (_gate)
        {
            _loops.Remove(loop);
            _open = _loops.Count;
        }
    }

    private void Work()
    {
        while (Next() is WorkerLoop loop)
        {
            loop.Run();
            Close(loop);
            loop.Leave();
        }
    }

    // The loop to help next, or null when the thread is to end.
    private WorkerLoop? Next()
    {
        long start = Stopwatch.GetTimestamp();
        while (_open == 0 && Stopwatch.GetTimestamp() - start < WatchTicks)
        {
            Thread.SpinWait(Pauses);
        }

        lock (_gate)
        {
            while (_loops.Count == 0)
            {
                _asleep++;
                bool woken = !_disposed && Monitor.Wait(_gate, IdleTime);
                _asleep--;
                if (_disposed || (!woken && _loops.Count == 0))
                {
                    _running--;
                    return null;
                }
            }

            // Loops of several callers share the threads evenly.
            WorkerLoop least = _loops[0];
            foreach (WorkerLoop loop in _loops)
            {
                least = loop.Helpers < least.Helpers ? loop : least;
            }

            least.Join();
            return least;
        }
    }
}
