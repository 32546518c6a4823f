namespace RewardForcing.Native.Tensors;

/// <summary>Threads that share the loop of an op. Items are handed out one by one, so a busy core delays nobody else.</summary>
public sealed class Workers : IDisposable
{
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
    /// <param name="body">The work of one item.</param>
    public void For(int count, Action<int> body)
    {
        if (count <= 1 || Threads == 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(i);
            }

            return;
        }

        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Threads }, body);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
    }
}
