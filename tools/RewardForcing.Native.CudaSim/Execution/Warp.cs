using System.Numerics;
using System.Runtime.InteropServices;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>32 lanes that run together: registers, the lanes that are where, and what belongs to the block around them.</summary>
internal sealed unsafe class Warp : IDisposable
{
    private readonly Split[] _splits = new Split[Lanes.Count];
    private readonly Dictionary<int, BulkGroups> _bulkGroups = [];
    private ulong _random;

    public Warp(KernelProgram program, Block block, int index)
    {
        (Program, Block, Index) = (program, block, index);
        Registers = (byte*)NativeMemory.AlignedAlloc((nuint)program.RegisterBytes, 64);
        new Span<byte>(Registers, program.RegisterBytes).Fill(0xFF);
        program.CopyConstants(Registers);
        LocalBytes = program.LocalBytes;
        Local = LocalBytes == 0 ? null : (byte*)NativeMemory.Alloc((nuint)(LocalBytes * Lanes.Count));
        Addresses = (ulong*)NativeMemory.AlignedAlloc(Lanes.Count * sizeof(ulong), 64);
    }

    /// <summary>What runs.</summary>
    public KernelProgram Program { get; }

    /// <summary>The block it belongs to.</summary>
    public Block Block { get; }

    /// <summary>Number within the block.</summary>
    public int Index { get; }

    /// <summary>Checks of this run, or null in fast mode.</summary>
    public Checker? Checker;

    /// <summary>The register file.</summary>
    public readonly byte* Registers;

    /// <summary>Memory of the lanes, one behind the other.</summary>
    public readonly byte* Local;

    /// <summary>Bytes of memory of a lane.</summary>
    public readonly int LocalBytes;

    /// <summary>Room for an address per lane.</summary>
    public readonly ulong* Addresses;

    /// <summary>Lanes that run now.</summary>
    public uint Active;

    /// <summary>Lanes that run now and whose guard holds.</summary>
    public uint Mask;

    /// <summary>Lanes that exist.</summary>
    public uint Present;

    /// <summary>Lanes that have left the kernel.</summary>
    public uint Exited;

    /// <summary>Carry of every lane.</summary>
    public uint Carry;

    /// <summary>Blocks left to run before another warp gets its turn.</summary>
    public int Fuel;

    /// <summary>Whether it can run.</summary>
    public WarpState State;

    /// <summary>Where it goes on.</summary>
    public Operation* Next;

    /// <summary>Barrier it waits at.</summary>
    public int BarrierIndex;

    /// <summary>Step it stopped at, for reports.</summary>
    public Operation* StoppedAt;

    /// <summary>Splits besides the running lanes.</summary>
    public int SplitCount;

    /// <summary>Copies from global to shared memory that are under way.</summary>
    public AsyncCopies Copies { get; } = new();

    /// <summary>Warpgroup products that are under way.</summary>
    public ProductQueue Products { get; } = new();

    /// <summary>Phase of the cluster's barrier that it waits for the end of.</summary>
    public int ClusterPhase { get; set; }

    /// <summary>Lanes that have not left the kernel.</summary>
    public uint Live => Present & ~Exited;

    /// <summary>Starts a block.</summary>
    public void Start(uint present, ulong seed)
    {
        Present = Active = Mask = present;
        Exited = 0;
        SplitCount = 0;
        State = WarpState.Ready;
        Next = Program.Entry;
        StoppedAt = null;
        Copies.Clear();
        Products.Reset();
        _bulkGroups.Clear();
        ClusterPhase = 0;
        _random = seed | 1;
        if (LocalBytes > 0)
        {
            new Span<byte>(Local, LocalBytes * Lanes.Count).Fill(0xFF);
        }
    }

    /// <summary>Runs until the warp stops.</summary>
    public void Run()
    {
        Operation* at = Next;
        do
        {
            at = at->Run(this, at);
        }
        while (at != null);
    }

    /// <summary>Groups of copies that a lane has started.</summary>
    public BulkGroups BulkGroupsOf(int lane)
    {
        if (!_bulkGroups.TryGetValue(lane, out BulkGroups? groups))
        {
            _bulkGroups[lane] = groups = new BulkGroups();
        }

        return groups;
    }

    /// <summary>A random number (xorshift*), the same for the same seed.</summary>
    public uint Random()
    {
        _random ^= _random >> 12;
        _random ^= _random << 25;
        _random ^= _random >> 27;
        return (uint)((_random * 0x2545F4914F6CDD1D) >> 32);
    }

    /// <summary>Sets lanes aside to run later from the start of a block.</summary>
    public void SetAside(Operation* next, uint mask, uint awaited = 0, bool polled = false)
    {
        if (SplitCount == _splits.Length)
        {
            throw new InvalidOperationException("More groups of lanes than lanes.");
        }

        _splits[SplitCount++] = new Split { Next = next, Mask = mask, Awaited = awaited, Polled = polled };
    }

    /// <summary>Joins to the running lanes those that wait at the same place.</summary>
    public void Join(Operation* at)
    {
        for (int i = SplitCount - 1; i >= 0; i--)
        {
            if (_splits[i].Next == at)
            {
                Active |= _splits[i].Mask;
                _splits[i] = _splits[--SplitCount];
            }
        }

        Mask = Active;
    }

    /// <summary>Address of the lowest place where lanes could run, or null.</summary>
    public Operation* LowestRunnable(out int index)
    {
        index = -1;
        for (int i = 0; i < SplitCount; i++)
        {
            if (_splits[i].Awaited == 0 && !_splits[i].Polled && (index < 0 || _splits[i].Next < _splits[index].Next))
            {
                index = i;
            }
        }

        return index < 0 ? null : _splits[index].Next;
    }

    /// <summary>Makes a split the running one.</summary>
    public Operation* Take(int index)
    {
        Split split = _splits[index];
        _splits[index] = _splits[--SplitCount];
        Active = Mask = split.Mask;
        return split.Next;
    }

    /// <summary>Lets lanes that wait for others look again, after some have left the kernel.</summary>
    public void WakeWaiting()
    {
        for (int i = 0; i < SplitCount; i++)
        {
            _splits[i].Awaited = 0;
        }
    }

    /// <summary>Lets lanes that were told to wait ask again; tells whether there were any.</summary>
    public bool WakePolled()
    {
        bool any = false;
        for (int i = 0; i < SplitCount; i++)
        {
            any |= _splits[i].Polled;
            _splits[i].Polled = false;
        }

        return any;
    }

    /// <summary>All groups of lanes set aside.</summary>
    public ReadOnlySpan<Split> Splits => _splits.AsSpan(0, SplitCount);

    /// <summary>Lowest lane of a mask.</summary>
    public static int First(uint mask) => BitOperations.TrailingZeroCount(mask);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Registers);
        NativeMemory.Free(Local);
        NativeMemory.AlignedFree(Addresses);
    }
}
