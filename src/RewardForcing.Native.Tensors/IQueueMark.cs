namespace RewardForcing.Native.Tensors;

/// <summary>A place in a queue of work: everything given to the queue before it. Disposing it leaves those who wait waiting.</summary>
public interface IQueueMark : IDisposable
{
    /// <summary>Has later work of the calling thread's queue wait for the marked work; the thread itself goes on.</summary>
    void Await();
}
