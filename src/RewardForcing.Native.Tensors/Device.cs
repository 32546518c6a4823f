namespace RewardForcing.Native.Tensors;

/// <summary>A place where tensors live and ops run. There are exactly two kinds: CPU and CUDA.</summary>
/// <remarks>
/// A device owns one caching pool. Freed blocks go back to the pool and to the system only by <see cref="TrimPool"/> or disposal.
/// Renting and returning are safe from several threads; nothing waits for the garbage collector. Where work is queued, a block goes back to
/// the queue of the thread that lets go of it, whose order makes it safe to hand out again before that work is done.
/// </remarks>
public abstract class Device : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(int Queue, long Size), Stack<nint>> _free = [];
    private bool _disposed;

    /// <summary>Short name used in logs and test names, such as <c>cpu</c>, <c>cuda-sim</c> or <c>cuda:0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether elements can be read and written in place by host code.</summary>
    public abstract bool IsHost { get; }

    /// <summary>Whether a <see cref="CapturedPass"/> is replayed rather than run again.</summary>
    public virtual bool CanReplay => false;

    /// <summary>Memory that is there to be taken besides what the device holds already, in bytes; null where that is not known.</summary>
    public virtual long? FreeBytes => null;

    /// <summary>Bytes handed out and not yet returned.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Largest value <see cref="LiveBytes"/> has had since the last <see cref="ResetPeak"/>.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes kept for reuse.</summary>
    public long PooledBytes { get; private set; }

    /// <summary>Memory a matrix product may take besides its operands, in bytes.</summary>
    public virtual long WorkspaceBytes => 0;

    /// <summary>
    /// Memory that a tensor of some bytes takes. Eight size classes for each power of two: at most 12.5 % is wasted, and sizes that differ by little
    /// share blocks.
    /// </summary>
    public static long BytesTaken(long bytes)
    {
        long size = (Math.Max(bytes, 1) + 64 + 255) & ~255L;
        int shift = Math.Max(8, 60 - System.Numerics.BitOperations.LeadingZeroCount((ulong)size));
        long step = 1L << shift;
        return (size + step - 1) & ~(step - 1);
    }

    /// <summary>Restarts peak tracking from the current live size.</summary>
    public void ResetPeak()
    {
        lock (_gate)
        {
            PeakBytes = LiveBytes;
        }
    }

    /// <summary>Waits until all work given to this device is done.</summary>
    public abstract void Synchronize();

    /// <summary>
    /// Gives the calling thread a queue of its own until the result is disposed: what it starts then runs beside the work of other threads. All
    /// work given to the device before is done before the first of it, and disposal waits for the last of it.
    /// </summary>
    /// <returns>Ends the queue; disposed by the thread that opened it. Devices that run work in the calling thread have no queues, and nothing to end.</returns>
    public virtual IDisposable OpenQueue() => NoQueue.Instance;

    /// <summary>Marks how much work the calling thread's queue has been given, so that another queue can wait for that much and no more.</summary>
    public virtual IQueueMark Mark() => NoQueue.Instance;

    /// <summary>Gives every unused block back to the system.</summary>
    public void TrimPool()
    {
        lock (_gate)
        {
            OnTrimming();
            foreach (((_, long size), Stack<nint> blocks) in _free)
            {
                foreach (nint block in blocks)
                {
                    FreeBlock(block, size);
                }
            }

            _free.Clear();
            PooledBytes = 0;
        }
    }

    /// <summary>Frees every pooled block. Tensors still alive keep theirs and give them back to the system when released.</summary>
    public void Dispose()
    {
        TrimPool();
        _disposed = true;
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes memory for <paramref name="bytes"/> bytes from the pool or the system; contents are undefined.</summary>
    internal nint Rent(long bytes)
    {
        long size = BytesTaken(bytes);
        nint block;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_free.TryGetValue((Queue, size), out Stack<nint>? blocks) && blocks.TryPop(out block))
            {
                PooledBytes -= size;
            }
            else
            {
                block = AllocateBlock(size);
            }

            LiveBytes += size;
            PeakBytes = Math.Max(PeakBytes, LiveBytes);
        }

        OnRented(block, bytes, size);
        return block;
    }

    /// <summary>Takes a block back.</summary>
    internal void Return(nint block, long bytes)
    {
        long size = BytesTaken(bytes);
        OnReturning(block, bytes, size);
        lock (_gate)
        {
            GiveBack(block, size);
        }
    }

    /// <summary>Hands the pooled blocks of a queue whose work is done to another one.</summary>
    internal void MoveBlocks(int from, int to)
    {
        lock (_gate)
        {
            foreach ((int _, long size) in _free.Keys.Where(key => key.Queue == from).ToArray())
            {
                _free.Remove((from, size), out Stack<nint>? blocks);
                foreach (nint block in blocks!)
                {
                    Pool(to, size).Push(block);
                }
            }
        }
    }

    /// <summary>Takes the pooled blocks of a queue out of the pool; they count as live until <see cref="Release"/>.</summary>
    internal IReadOnlyList<(nint Block, long Size)> Withhold(int queue)
    {
        List<(nint Block, long Size)> held = [];
        lock (_gate)
        {
            foreach ((int _, long size) in _free.Keys.Where(key => key.Queue == queue).ToArray())
            {
                _free.Remove((queue, size), out Stack<nint>? blocks);
                held.AddRange(blocks!.Select(block => (block, size)));
            }

            long bytes = held.Sum(static block => block.Size);
            PooledBytes -= bytes;
            LiveBytes += bytes;
            PeakBytes = Math.Max(PeakBytes, LiveBytes);
        }

        return held;
    }

    /// <summary>Gives live blocks back to the pool, for the queue of the calling thread.</summary>
    internal void Release(IReadOnlyList<(nint Block, long Size)> held)
    {
        lock (_gate)
        {
            foreach ((nint block, long size) in held)
            {
                GiveBack(block, size);
            }
        }
    }

    /// <summary>Copies bytes from host memory to memory of this device.</summary>
    internal abstract void CopyFromHost(ReadOnlySpan<byte> source, nint destination);

    /// <summary>Copies bytes from memory of this device to host memory.</summary>
    internal abstract void CopyToHost(nint source, Span<byte> destination);

    /// <summary>Copies bytes within this device; the ranges may overlap.</summary>
    internal abstract void CopyWithin(nint source, nint destination, long bytes);

    /// <summary>Sets bytes of this device to zero.</summary>
    internal abstract void Clear(nint address, long bytes);

    /// <summary>Adds <paramref name="term"/> to <paramref name="sum"/> in place, in float, rounded to the type of the sum; both F32 or BF16, of one count.</summary>
    internal abstract void Accumulate(Tensor sum, Tensor term);

    /// <summary>Says whose a rented block is, for the message that comes when there is no more.</summary>
    internal virtual void Describe(nint block, string owner)
    {
    }

    /// <summary>Prepares to record work; null where the device runs work as it comes.</summary>
    internal virtual IRecordedWork? BeginRecording() => null;

    /// <summary>Takes fresh memory, aligned to at least 256 bytes.</summary>
    /// <exception cref="DeviceMemoryException">The system has no more.</exception>
    protected abstract nint AllocateBlock(long bytes);

    /// <summary>Gives memory back to the system.</summary>
    protected abstract void FreeBlock(nint block, long bytes);

    /// <summary>Releases what a derived device owns besides its pool.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Queue that takes the work of the calling thread.</summary>
    private protected virtual int Queue => 0;

    /// <summary>Called before pooled blocks are freed; a device with queues waits here until nothing uses them. Must not throw.</summary>
    private protected virtual void OnTrimming()
    {
    }

    /// <summary>Called with every block handed out; a checking device poisons it here.</summary>
    private protected virtual void OnRented(nint block, long bytes, long blockBytes)
    {
    }

    /// <summary>Called with every block taken back; a checking device looks at its guard bytes here.</summary>
    private protected virtual void OnReturning(nint block, long bytes, long blockBytes)
    {
    }

    private void GiveBack(nint block, long size)
    {
        LiveBytes -= size;
        if (_disposed)
        {
            FreeBlock(block, size);
            return;
        }

        Pool(Queue, size).Push(block);
        PooledBytes += size;
    }

    private Stack<nint> Pool(int queue, long size)
    {
        if (!_free.TryGetValue((queue, size), out Stack<nint>? blocks))
        {
            _free[(queue, size)] = blocks = [];
        }

        return blocks;
    }

    private sealed class NoQueue : IQueueMark
    {
        public static readonly NoQueue Instance = new();

        public void Await()
        {
        }

        public void Dispose()
        {
        }
    }
}
