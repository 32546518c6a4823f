using RewardForcing.Native.Tensors;

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
                using QueueMark given = MarkOf(other);
                given.Before(queue);
            }
        }

        _ofThread.Value = queue;
        return new QueueEnd(this, queue);
    }

    /// <inheritdoc/>
    public override IQueueMark Mark()
    {
        Enter();
        RefuseWhileCapturing("mark a queue");
        return MarkOf(Current);
    }

    private QueueMark MarkOf(CudaQueue queue)
    {
        nint passed = NewEvent(timed: false);
        CuResult result = _driver.RecordEvent(passed, queue.Stream);
        if (result != CuResult.Success)
        {
            _driver.DestroyEvent(passed);
            Require(result, "cuEventRecord", $"Marking a queue of {Name}.");
        }

        return new QueueMark(this, passed);
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

    // An event that is destroyed while somebody waits for it goes when they have stopped waiting.
    private sealed class QueueMark(CudaDevice device, nint passed) : IQueueMark
    {
        private bool _isOver;

        public void Await()
        {
            device.Enter();
            device.RefuseWhileCapturing("wait for another queue");
            Before(device.Current);
        }

        public void Before(CudaQueue later) =>
            device.Require(device._driver.WaitEvent(later.Stream, passed), "cuStreamWaitEvent", $"Ordering two queues of {device.Name}.");

        public void Dispose()
        {
            if (!_isOver && !device._isClosed)
            {
                device._driver.SetCurrentContext(device._context);
                device._driver.DestroyEvent(passed);
            }

            _isOver = true;
        }
    }
}
