using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A block: its warps, shared memory and barriers. One object serves one block after the other.</summary>
internal sealed unsafe class Block : IDisposable
{
    public const int BarrierCount = 16;

    private ulong _clock;

    public Block(Grid grid, Worker worker)
    {
        (Grid, Worker) = (grid, worker);
        SharedEnd = MemoryMap.SharedStart + grid.SharedBytes;
        Shared = (byte*)NativeMemory.AlignedAlloc((nuint)SharedEnd + 64, 1024);
        Warps = [.. Enumerable.Range(0, grid.WarpsPerBlock).Select(index => new Warp(grid.Program, this, index))];
        Barriers = [.. Enumerable.Range(0, BarrierCount).Select(_ => new BlockBarrier())];
        Warpgroups = [.. Enumerable.Range(0, Warps.Length / Warpgroup.Warps).Select(_ => new Warpgroup())];
        BlockRuns = worker.BlockRuns;
        BlockLanes = worker.BlockLanes;
    }

    public Grid Grid { get; }

    public Worker Worker { get; }

    public Warp[] Warps { get; }

    public BlockBarrier[] Barriers { get; }

    /// <summary>Its warpgroups; the last is not there if it is not whole.</summary>
    public Warpgroup[] Warpgroups { get; }

    /// <summary>Order of arrivals at mbarriers in its shared memory, by address (checked mode).</summary>
    public Dictionary<uint, BarrierOrder> BarrierOrders { get; } = [];

    /// <summary>Barrier of its cluster.</summary>
    public ClusterBarrier Cluster { get; set; } = new();

    /// <summary>Blocks of its cluster.</summary>
    public ReadOnlySpan<Block> ClusterBlocks => Group.AsSpan(Array.IndexOf(Group, this) - Rank, (int)Grid.Cluster.Count);

    /// <summary>Shared memory; the first <see cref="MemoryMap.SharedStart"/> bytes are not the kernel's.</summary>
    public readonly byte* Shared;

    /// <summary>Behind the last shared address.</summary>
    public readonly int SharedEnd;

    /// <summary>Runs of every basic block.</summary>
    public readonly ulong* BlockRuns;

    /// <summary>Lanes that took part in them.</summary>
    public readonly ulong* BlockLanes;

    /// <summary>Place in the grid.</summary>
    public CudaExtent Index { get; private set; }

    /// <summary>Number in the grid.</summary>
    public long Number { get; private set; }

    /// <summary>Number in its cluster.</summary>
    public int Rank { get; private set; }

    /// <summary>Blocks that run together with it, itself included.</summary>
    public Block[] Group { get; set; } = [];

    /// <summary>What checks know of its shared memory, or null in fast mode.</summary>
    public SharedShadow? Shadow { get; set; }

    /// <summary>Starts a block of the grid.</summary>
    public void Start(CudaExtent index, long number, int rank)
    {
        (Index, Number, Rank, _clock) = (index, number, rank, 0);
        new Span<byte>(Shared, SharedEnd).Fill(0xFF);
        foreach (BlockBarrier barrier in Barriers)
        {
            barrier.Reset();
        }

        foreach (Warpgroup warpgroup in Warpgroups)
        {
            warpgroup.Reset();
        }

        BarrierOrders.Clear();
        Cluster.Reset();

        long threads = Grid.Shape.Block.Count;
        foreach (Warp warp in Warps)
        {
            long left = threads - (warp.Index * Lanes.Count);
            ulong seed = (Grid.Options.Seed * 0x9E3779B97F4A7C15) ^ (((ulong)number << 8) + (ulong)warp.Index + 1);
            warp.Start(left >= Lanes.Count ? Lanes.All : (1u << (int)left) - 1, seed);
            Instructions.SpecialRegisters.Fill(warp);
        }
    }

    /// <summary>Warps that have not left the kernel.</summary>
    public int LiveWarps
    {
        get
        {
            int live = 0;
            foreach (Warp warp in Warps)
            {
                live += warp.State == WarpState.Done ? 0 : 1;
            }

            return live;
        }
    }

    /// <summary>Place of a lane in the block.</summary>
    public CudaExtent Thread(Warp w, int lane)
    {
        int thread = (w.Index * Lanes.Count) + lane;
        CudaExtent size = Grid.Shape.Block;
        return new CudaExtent(thread % size.X, thread / size.X % size.Y, thread / size.X / size.Y);
    }

    /// <summary>A clock that advances whenever it is read.</summary>
    public ulong Clock() => _clock += 32;

    /// <summary>Lets those who wait at a barrier go on, if all have arrived.</summary>
    public void TryRelease(int index)
    {
        BlockBarrier barrier = Barriers[index];
        int needed = barrier.Expected == BlockBarrier.Everyone ? LiveWarps : barrier.Expected;
        if (barrier.Arrived == 0 || barrier.Arrived < needed)
        {
            return;
        }

        barrier.Results[barrier.Phase & 1] = (barrier.Holding, barrier.Lanes);
        for (uint left = barrier.Waiting; left != 0; left &= left - 1)
        {
            Warp warp = Warps[Warp.First(left)];
            warp.State = WarpState.Ready;
            if (barrier.Clock is not null)
            {
                Shadow!.Acquire(warp, barrier.Clock);
            }
        }

        (barrier.Arrived, barrier.Waiting, barrier.Expected, barrier.Holding, barrier.Lanes) = (0, 0, 0, 0, 0);
        barrier.Clock = null;
        barrier.Phase++;
        Worker.Progress++;
    }

    /// <summary>A warp has left: barriers may be complete without it.</summary>
    public void WarpLeft()
    {
        Worker.Progress++;
        Cluster.TryAdvance(ClusterBlocks);
        for (int i = 0; i < BarrierCount; i++)
        {
            if (Barriers[i].Expected == BlockBarrier.Everyone)
            {
                TryRelease(i);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Warp warp in Warps)
        {
            warp.Dispose();
        }

        NativeMemory.AlignedFree(Shared);
    }
}
