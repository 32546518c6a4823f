namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Runs the work of a context's streams: each in its order, and across streams in any order that their events allow.</summary>
/// <param name="gate">Lock of the driver, which is held whenever a method here is called.</param>
/// <param name="random">Chooses among work that could run (deferred); null runs work as soon as it can run, the oldest first.</param>
/// <param name="isHost">Set on threads that run code of the host.</param>
/// <param name="failed">Told of work that failed; what is left is then given up.</param>
/// <param name="order">Told of work that is given; null for nobody.</param>
/// <param name="ran">Called when work of the device has run; it may throw.</param>
internal sealed class WorkScheduler(object gate, Random? random, ThreadLocal<bool> isHost, Action<StreamWork, Exception> failed, StreamOrder? order, Action<StreamWork> ran)
{
    private readonly List<SimulatedStream> _busy = [];
    private int _running;
    private bool _isStopped;

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsIdle => _busy.Count == 0;

    /// <summary>Gives work to a stream.</summary>
    public void Add(SimulatedStream stream, StreamWork work)
    {
        order?.Given(stream, work);
        work.After.AddRange(stream.Awaited.Where(other => !other.IsDone));
        stream.Awaited.Clear();
        if (stream.Pending.Count == 0)
        {
            _busy.Add(stream);
        }

        stream.Pending.Enqueue(work);
        if (random is null)
        {
            RunReady();
        }
    }

    /// <summary>Runs work until something holds.</summary>
    public void RunUntil(Func<bool> holds)
    {
        while (!holds())
        {
            if (!RunOne())
            {
                if (_running == 0)
                {
                    throw new InvalidOperationException("Work of streams waits for itself.");
                }

                Monitor.Wait(gate);
            }
        }
    }

    /// <summary>Runs a piece of work if one can run; tells whether one could.</summary>
    public bool RunOne()
    {
        int ready = -1, seen = 0;
        for (int i = 0; i < _busy.Count; i++)
        {
            StreamWork first = _busy[i].Pending.Peek();
            if (!first.IsRunning && first.After.TrueForAll(other => other.IsDone) && (ready < 0 || (random is not null && random.Next(++seen + 1) == 0)))
            {
                ready = i;
            }
        }

        if (ready < 0)
        {
            return false;
        }

        Run(_busy[ready], _busy[ready].Pending.Peek());
        return true;
    }

    private void RunReady()
    {
        while (RunOne())
        {
            // as long as there is some
        }
    }

    private void Run(SimulatedStream stream, StreamWork work)
    {
        if (!work.IsHost || _isStopped)
        {
            Guarded(work);
            Done(stream, work);
            return;
        }

        // Code of the host may wait for what other threads do with the driver, so it must not hold the lock.
        work.IsRunning = true;
        _running++;
        new Thread(() =>
        {
            isHost.Value = true;
            Exception? failure = null;
            try
            {
                work.Run();
            }
            catch (Exception exception)
            {
                failure = new InvalidOperationException($"{work.Name} threw {exception.GetType().Name}: {exception.Message}", exception);
            }

            lock (gate)
            {
                if (failure is not null)
                {
                    Fail(work, failure);
                }

                // What the host's own code has seen, the host has.
                order?.Awaited(work.Clock);
                work.IsRunning = false;
                _running--;
                Done(stream, work);
                if (random is null)
                {
                    RunReady();
                }
            }
        })
        {
            IsBackground = true,
            Name = "simulated stream",
        }.Start();
    }

    private void Guarded(StreamWork work)
    {
        if (_isStopped)
        {
            return;
        }

        try
        {
            work.Run();
            ran(work);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Fail(work, exception);
        }
    }

    private void Fail(StreamWork work, Exception exception)
    {
        _isStopped = true;
        failed(work, exception);
    }

    private void Done(SimulatedStream stream, StreamWork work)
    {
        work.IsDone = true;
        stream.Pending.Dequeue();
        if (stream.Pending.Count == 0)
        {
            _busy.Remove(stream);
        }

        Monitor.PulseAll(gate);
    }
}
