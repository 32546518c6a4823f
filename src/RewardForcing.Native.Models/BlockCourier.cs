using System.Collections.Concurrent;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Copies weights from host memory to a device beside its work, in a thread and a queue of their own.</summary>
/// <remarks>Reading mapped files and filling page-locked memory takes as long as the copies do, so the thread that computes does not do it.</remarks>
internal sealed class BlockCourier : IDisposable
{
    private readonly Device _device;
    private readonly BlockingCollection<Errand> _errands = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="device">Where weights are brought to.</param>
    public BlockCourier(Device device)
    {
        _device = device;
        _thread = new Thread(Work) { IsBackground = true, Name = $"weights to {device.Name}" };
        _thread.Start();
    }

    /// <summary>Orders copies. They wait for all work that the calling thread's queue has been given so far, which may still read what they overwrite.</summary>
    /// <param name="copies">Sources in host memory, and targets of the same type and size.</param>
    /// <returns>Ends when the copies have been given to the device, with the mark of the last; fails as they do.</returns>
    public Task<IQueueMark> Bring(IReadOnlyList<(Tensor Source, Tensor Target)> copies)
    {
        Errand errand = new(copies, _device.Mark(), new TaskCompletionSource<IQueueMark>(TaskCreationOptions.RunContinuationsAsynchronously));
        _errands.Add(errand);
        return errand.Done.Task;
    }

    /// <summary>Ends the thread after what was ordered, and waits until the device has done it.</summary>
    public void Dispose()
    {
        _errands.CompleteAdding();
        _thread.Join();
        _errands.Dispose();
    }

    private void Work()
    {
        IDisposable? queue = null;
        try
        {
            foreach (Errand errand in _errands.GetConsumingEnumerable())
            {
                try
                {
                    using IQueueMark before = errand.Before;
                    queue ??= _device.OpenQueue();
                    before.Await();
                    foreach ((Tensor source, Tensor target) in errand.Copies)
                    {
                        target.CopyFrom(source);
                    }

                    errand.Done.SetResult(_device.Mark());
                }
                catch (Exception error)
                {
                    // Told to whoever needs the weights.
                    errand.Done.SetException(error);
                }
            }
        }
        finally
        {
            queue?.Dispose();
        }
    }

    private sealed record Errand(IReadOnlyList<(Tensor Source, Tensor Target)> Copies, IQueueMark Before, TaskCompletionSource<IQueueMark> Done);
}
