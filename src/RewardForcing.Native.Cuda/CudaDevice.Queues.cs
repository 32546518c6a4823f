namespace RewardForcing.Native.Cuda;

public sealed unsafe partial class CudaDevice
{
    /// <inheritdoc/>
    public override IDisposable OpenQueue()
    {
        Enter();
        if (_ofThread.Value is not null)
        {
            throw new InvalidOperationException($"{Name}: the thread has a queue of its own already; end it before opening another.");
        }

        CudaQueue queue = NewQueue();
        lock (_queueGate)
        {
            foreach (CudaQueue other in _queues.Where(other => other != queue && !other.IsCapturing))
            {
                RunAfter(queue, other);
            }
        }

        _ofThread.Value = queue;
        return new QueueEnd(this, queue);
    }

    // Later work of one queue waits for what has been given to another so far.
    private void RunAfter(CudaQueue later, CudaQueue earlier)
    {
        nint passed = NewEvent(timed: false);
        try
        {
            Require(_driver.RecordEvent(passed, earlier.Stream), "cuEventRecord", $"Opening a queue of {Name}.");
            Require(_driver.WaitEvent(later.Stream, passed), "cuStreamWaitEvent", $"Opening a queue of {Name}.");
        }
        finally
        {
            _driver.DestroyEvent(passed);
        }
    }

    // The first queue, on which latents are made, goes before those that work beside it.
    private CudaQueue NewQueue()
    {
        Require(_driver.GetPriorities(out int least, out int greatest), "cuCtxGetStreamPriorityRange", $"Opening a queue of {Name}.");
        lock (_queueGate)
        {
            bool isFirst = _queues.Count == 0;
            Require(_driver.CreateStream(isFirst ? greatest : least, out nint stream), "cuStreamCreateWithPriority", $"Opening a queue of {Name}.");
            CudaQueue queue = new(_queueNumbers++, stream, new CudaStaging(this, _driver, stream));
            _queues.Add(queue);
            return queue;
        }
    }

    private void End(CudaQueue queue)
    {
        _ofThread.Value = null;
        if (_isClosed)
        {
            return;
        }

        // A device that has failed says so at the next call that is not an ending.
        _driver.SetCurrentContext(_context);
        _driver.SynchronizeStream(queue.Stream);
        MoveBlocks(queue.Number, Main.Number);
        lock (_queueGate)
        {
            _queues.Remove(queue);
        }

        queue.Release(_driver);
    }

    private sealed class QueueEnd(CudaDevice device, CudaQueue queue) : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            if (!_ended)
            {
                _ended = true;
                device.End(queue);
            }
        }
    }
}
