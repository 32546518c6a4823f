using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A thread of the host that runs groups of blocks: one block, the blocks of a cluster, or all blocks of a cooperative grid.</summary>
internal sealed unsafe class Worker : IDisposable
{
    private const int Turn = 1 << 16;
    private const int RandomTurn = 48;
    private const int IdleRounds = 4;

    private readonly Grid _grid;
    private readonly Block[] _blocks;
    private readonly Warp[] _warps;
    private readonly Random _random;

    public Worker(Grid grid, int groupBlocks)
    {
        _grid = grid;
        int count = grid.Program.Blocks.Length + 1;
        BlockRuns = (ulong*)NativeMemory.AllocZeroed((nuint)(count * sizeof(ulong)));
        BlockLanes = (ulong*)NativeMemory.AllocZeroed((nuint)(count * sizeof(ulong)));
        Seen = (SeenAllocation*)NativeMemory.AllocZeroed((nuint)((grid.Program.AccessCount + 1) * sizeof(SeenAllocation)));
        Arguments = (byte*)NativeMemory.AlignedAlloc((nuint)grid.Arguments.Length + 128, 128);
        grid.Arguments.CopyTo(new Span<byte>(Arguments, grid.Arguments.Length));
        _blocks = [.. Enumerable.Range(0, groupBlocks).Select(_ => new Block(grid, this))];
        _warps = [.. _blocks.SelectMany(block => block.Warps)];
        _random = new Random((int)grid.Options.Seed);
        if (grid.Options.Checked)
        {
            Checker = new Checker(grid);
            bool shares = grid.Cluster.Count > 1;
            foreach (Block block in _blocks)
            {
                block.Shadow = new SharedShadow(block, shares ? _blocks : [block]);
            }

            foreach (Warp warp in _warps)
            {
                warp.Checker = Checker;
            }
        }

        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i].Group = _blocks;
            _blocks[i].Cluster = _blocks[i - (i % (int)grid.Cluster.Count)].Cluster;
        }
    }

    /// <summary>Checks of this run, or null in fast mode.</summary>
    public Checker? Checker { get; }

    /// <summary>Runs of every basic block.</summary>
    public readonly ulong* BlockRuns;

    /// <summary>Lanes that took part in them.</summary>
    public readonly ulong* BlockLanes;

    /// <summary>Allocations that memory instructions met last.</summary>
    public readonly SeenAllocation* Seen;

    /// <summary>The arguments.</summary>
    public readonly byte* Arguments;

    /// <summary>Counts what can let a waiting warp go on.</summary>
    public long Progress { get; set; }

    /// <summary>Lines the kernel printed.</summary>
    public List<string> Printed { get; } = [];

    /// <summary>Copies by the asynchronous units that are under way.</summary>
    public List<BulkCopy> Unfinished { get; } = [];

    /// <summary>Runs one group of blocks, given the number of its first in the order of groups.</summary>
    public void RunGroup(long group)
    {
        Place(group);
        long rounds = 0;
        for (int idle = 0; ;)
        {
            long before = Progress;
            (bool alive, bool ready) = Round();
            if (!alive)
            {
                break;
            }

            idle = ready || Progress != before ? 0 : idle + 1;
            if (idle >= IdleRounds && !FinishOne())
            {
                throw Deadlock();
            }

            int turn = _grid.Options.Shuffle ? RandomTurn / 2 : Turn;
            if (++rounds * turn > _grid.Options.WatchdogBlocks)
            {
                Warp warp = _warps.First(w => w.State != WarpState.Done);
                throw warp.Fault(FindingKind.Timeout, warp.StoppedAt, Warp.First(warp.Active), $"the block does not come to its end within {_grid.Options.WatchdogBlocks} basic blocks of a warp");
            }
        }

        foreach (BulkCopy left in Unfinished)
        {
            if (left.Source is not null)
            {
                Checker?.ReportLeft(left);
            }
        }

        while (FinishOne())
        {
            // copies that nobody waited for
        }

        foreach (Block block in _blocks)
        {
            Checker?.BlockDone(block);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Block block in _blocks)
        {
            block.Dispose();
        }

        NativeMemory.Free(BlockRuns);
        NativeMemory.Free(BlockLanes);
        NativeMemory.Free(Seen);
        NativeMemory.AlignedFree(Arguments);
    }

    /// <summary>Lets a copy of the asynchronous units happen.</summary>
    public bool FinishOne()
    {
        if (Unfinished.Count == 0)
        {
            return false;
        }

        int which = _grid.Options.Shuffle ? _random.Next(Unfinished.Count) : 0;
        BulkCopy copy = Unfinished[which];
        Unfinished.RemoveAt(which);
        copy.Complete();
        Progress++;
        return true;
    }

    /// <summary>Lets a copy happen that an mbarrier counts; false if there is none.</summary>
    public bool FinishFor(Block owner, uint barrier)
    {
        int first = Unfinished.FindIndex(copy => copy.Owner == owner && copy.Barrier == barrier);
        if (first < 0)
        {
            return false;
        }

        BulkCopy found = Unfinished[first];
        Unfinished.RemoveAt(first);
        found.Complete();
        Progress++;
        return true;
    }

    private void Place(long group)
    {
        CudaExtent grid = _grid.Shape.Grid, cluster = _grid.Cluster;
        bool all = _blocks.Length > cluster.Count;
        long across = grid.X / cluster.X, down = grid.Y / cluster.Y;
        for (int i = 0; i < _blocks.Length; i++)
        {
            long number = all ? i / cluster.Count : group;
            int rank = (int)(i % cluster.Count);
            int x = (int)(number % across * cluster.X) + (rank % cluster.X);
            int y = (int)(number / across % down * cluster.Y) + (rank / cluster.X % cluster.Y);
            int z = (int)(number / across / down * cluster.Z) + (rank / cluster.X / cluster.Y);
            _blocks[i].Start(new CudaExtent(x, y, z), x + ((long)grid.X * (y + ((long)grid.Y * z))), rank);
            _blocks[i].Shadow?.Start();
        }

        Checker?.Start(_blocks);
    }

    // Every warp that can run gets its turn.
    private (bool Alive, bool Ready) Round()
    {
        if (_grid.Options.Shuffle)
        {
            _random.Shuffle(_warps);
            if (_random.Next(4) == 0)
            {
                FinishOne();
            }
        }

        bool alive = false, ready = false;
        foreach (Warp warp in _warps)
        {
            if (warp.State == WarpState.Done)
            {
                continue;
            }

            alive = true;
            if (warp.State is WarpState.AtBarrier or WarpState.AtProducts)
            {
                continue;
            }

            warp.State = WarpState.Ready;
            warp.Fuel = _grid.Options.Shuffle ? _random.Next(1, RandomTurn) : Turn;
            warp.Run();
            ready |= warp.State != WarpState.Polling;
            if (warp.State == WarpState.Done)
            {
                warp.Block.WarpLeft();
            }
        }

        return (alive, ready);
    }

    private DeviceFault Deadlock()
    {
        Warp first = _warps.OrderBy(warp => warp.Index).First(warp => warp.State != WarpState.Done);
        string all = string.Join("; ", _warps.Where(warp => warp.State != WarpState.Done).OrderBy(warp => warp.Index).Take(12).Select(Describe));
        return first.Fault(FindingKind.Deadlock, first.StoppedAt, Warp.First(first.Active), $"every warp that is left waits: {all}");
    }

    private static string Describe(Warp warp)
    {
        string at = warp.StoppedAt == null ? "its start" : warp.Program.Where(warp.StoppedAt);
        if (warp.State != WarpState.AtBarrier)
        {
            return warp.State == WarpState.AtProducts ? $"warp {warp.Index} waits for products of its warpgroup at {at}" : $"warp {warp.Index} asks a barrier in memory or of the cluster at {at}";
        }

        BlockBarrier barrier = warp.Block.Barriers[warp.BarrierIndex];
        string expected = barrier.Expected == BlockBarrier.Everyone ? "every warp" : $"{barrier.Expected * Lanes.Count} threads";
        return $"warp {warp.Index} at barrier {warp.BarrierIndex}, where {barrier.Arrived * Lanes.Count} threads of {expected} are, at {at}";
    }
}
