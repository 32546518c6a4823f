using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>The checks of a launch in checked mode. What is found is kept, and the launch goes on.</summary>
internal sealed unsafe class Checker
{
    private readonly Grid _grid;
    private readonly HashSet<(int Instruction, FindingKind Kind)> _reported = [];
    private readonly Dictionary<long, BlockOrder> _orders = [];
    private readonly Dictionary<ulong, Dictionary<long, long>> _flags = [];
    private BlockOrder? _lastOrder;

    public Checker(Grid grid)
    {
        _grid = grid;
        Counters = new AccessCounters(grid.Program.Kernel.Code.Count);
        Touched = grid.Options.RecordsUses ? new TouchedMemory() : null;
    }

    /// <summary>What was found, one of a kind per instruction.</summary>
    public List<Finding> Findings { get; } = [];

    /// <summary>Accesses by instruction.</summary>
    public AccessCounters Counters { get; }

    /// <summary>Memory that was used; null if nobody asks.</summary>
    public TouchedMemory? Touched { get; }

    /// <summary>Keeps a finding.</summary>
    public void Report(Warp w, FindingKind kind, Operation* o, int lane, string what)
    {
        if (Findings.Count < _grid.Options.MaxFindings && !_grid.Options.Ignored.Contains(kind) && _reported.Add((o->Instruction, kind)))
        {
            Findings.Add(Faults.Describe(w, kind, o, lane, what));
        }
    }

    /// <summary>Blocks begin.</summary>
    public void Start(Block[] blocks)
    {
        foreach (Block block in blocks)
        {
            _orders[block.Number] = new BlockOrder(block.Number);
        }

        _lastOrder = null;
    }

    /// <summary>A block is done.</summary>
    public void BlockDone(Block block)
    {
        _orders.Remove(block.Number);
        _lastOrder = null;
    }

    /// <summary>What a block has seen of others.</summary>
    public BlockOrder OrderOf(Block block)
    {
        if (_lastOrder?.Number != block.Number)
        {
            _lastOrder = _orders[block.Number];
        }

        return _lastOrder;
    }

    /// <summary>A warp arrives at a barrier: those who wait there will have seen what it has.</summary>
    public void Arrive(Warp w, ref int[]? clock) => w.Block.Shadow!.Release(w, ref clock);

    /// <summary>A fence of device scope.</summary>
    public void Fence(Warp w) => OrderOf(w.Block).Fence();

    /// <summary>Checks an access to shared memory of the warp's own block.</summary>
    public void Shared(Warp w, Operation* o, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        if (kind != AccessKind.CopyDone)
        {
            Counters.Shared(o->Instruction, addresses, mask, bytes);
        }

        SharedShadow shadow = w.Block.Shadow!;
        Party party = shadow.PartyOf(w);
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            shadow.Access(this, w, o, lane, (uint)addresses[lane], bytes, kind, party);
        }
    }

    /// <summary>Checks an access to shared memory of a block of the cluster.</summary>
    public void Remote(Warp w, Operation* o, int lane, Block owner, uint address, int bytes, AccessKind kind) =>
        owner.Shadow!.Access(this, w, o, lane, address, bytes, kind, owner.Shadow.PartyOf(w));

    /// <summary>Checks what a bulk copy does to global memory.</summary>
    public void Bulk(Warp w, Operation* o, int lane, Allocation allocation, ulong address, int bytes, AccessKind kind)
    {
        Counters.Bulk(o->Instruction, address, bytes);
        Touched?.Add(allocation, address, bytes, kind);
        (allocation.Shadow ??= new GlobalShadow(allocation)).Access(this, w, o, lane, address, bytes, kind);
    }

    /// <summary>A block comes to its end while a copy still reads its shared memory.</summary>
    public void ReportLeft(BulkCopy copy)
    {
        if (Findings.Count < _grid.Options.MaxFindings && !_grid.Options.Ignored.Contains(FindingKind.PendingCopy))
        {
            string what = $"{FindingKind.PendingCopy}: block {copy.Source!.Index} of kernel {_grid.Program.Kernel.Name} comes to its end while a copy reads its shared memory, started at {copy.Description}";
            Findings.Add(new Finding(FindingKind.PendingCopy, what) { Kernel = _grid.Program.Kernel.Name });
        }
    }

    /// <summary>Checks an access to global memory that is known to be in bounds.</summary>
    public void Global(Warp w, Operation* o, ulong* addresses, uint mask, int bytes, AccessKind kind)
    {
        Counters.Global(o->Instruction, addresses, mask, bytes);
        Allocation? allocation = null;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            ulong address = addresses[lane];
            if (allocation is null || address < allocation.Address || address >= allocation.End)
            {
                allocation = _grid.Memory.Find(address)!;
            }

            if (kind is AccessKind.Atomic or AccessKind.StrongRead or AccessKind.StrongWrite)
            {
                Order(w, address, kind);
            }

            Touched?.Add(allocation, address, bytes, kind);
            allocation.Shadow ??= new GlobalShadow(allocation);
            allocation.Shadow.Access(this, w, o, lane, address, bytes, kind);
        }
    }

    // A strong write gives away what was fenced before; a strong read takes what was given at its address.
    private void Order(Warp w, ulong address, AccessKind kind)
    {
        BlockOrder order = OrderOf(w.Block);
        if (!_flags.TryGetValue(address, out Dictionary<long, long>? flag))
        {
            _flags[address] = flag = [];
        }

        if (kind != AccessKind.StrongWrite)
        {
            order.Acquire(flag);
        }

        if (kind != AccessKind.StrongRead)
        {
            order.Release(flag);
        }
    }
}
