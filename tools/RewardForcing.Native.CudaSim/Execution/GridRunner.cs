using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Runs a launch to its end.</summary>
internal static class GridRunner
{
    /// <summary>Runs all blocks; a fault ends the launch.</summary>
    /// <exception cref="DeviceFault">A kernel cannot go on.</exception>
    public static LaunchReport Run(Grid grid)
    {
        long blocks = grid.Shape.Grid.Count;
        long groupBlocks = grid.Shape.Cooperative ? blocks : grid.Cluster.Count;
        long groups = blocks / groupBlocks;
        int threads = grid.Options.Checked ? 1 : (int)Math.Clamp(groups, 1, grid.Options.Threads);
        long[]? order = grid.Options.Shuffle ? Order(groups, grid.Options.Seed) : null;
        var workers = new Worker[threads];
        long next = -1;
        Exception? failure = null;
        try
        {
            for (int i = 0; i < threads; i++)
            {
                workers[i] = new Worker(grid, checked((int)groupBlocks));
            }

            if (threads == 1)
            {
                Work(workers[0]);
            }
            else
            {
                Thread[] running = [.. workers.Select(worker => new Thread(() => Work(worker), 16 << 20))];
                Array.ForEach(running, thread => thread.Start());
                Array.ForEach(running, thread => thread.Join());
            }

            Exception? first = Volatile.Read(ref failure);
            if (first is not null)
            {
                throw first is DeviceFault fault ? new DeviceFault(fault.Finding, [.. workers.SelectMany(worker => worker.Checker?.Findings ?? [])]) : new InvalidOperationException("The simulator failed.", first);
            }

            return LaunchReport.Of(grid, workers);
        }
        finally
        {
            foreach (Worker? worker in workers)
            {
                worker?.Dispose();
            }
        }

        void Work(Worker worker)
        {
            try
            {
                for (long group = Interlocked.Increment(ref next); group < groups && Volatile.Read(ref failure) is null; group = Interlocked.Increment(ref next))
                {
                    worker.RunGroup(order is null ? group : order[group]);
                }
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        }
    }

    private static long[] Order(long groups, ulong seed)
    {
        var order = new long[groups];
        for (long i = 0; i < groups; i++)
        {
            order[i] = i;
        }

        new Random((int)seed).Shuffle(order);
        return order;
    }
}
