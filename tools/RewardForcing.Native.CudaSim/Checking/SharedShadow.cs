using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>
/// What checks know of every unit of a block's shared memory: whether it was written, by whom last, and who read since. A unit is a word until something
/// smaller is used, then a half-word or a byte: two warps may write the two halves of one word.
/// </summary>
internal sealed unsafe class SharedShadow
{
    private const byte Written = 1;
    private const byte Pending = 2;
    private const uint AtomicBit = 1u << 31;
    private const uint ManyReaders = 1u << 31;
    private const int AgentShift = 21;
    private const uint MomentMask = (1u << AgentShift) - 1;
    private const uint AgentMask = 0x3FF;

    private readonly Block _block;
    private readonly Block[] _group;
    private readonly VectorClocks _clocks;
    private readonly int _agentsPerBlock;
    private readonly List<uint[]> _readers = [];
    private uint[] _writes;
    private uint[] _reads;
    private byte[] _states;
    private int _shift = 2;

    public SharedShadow(Block block, Block[] group)
    {
        (_block, _group) = (block, group);
        int words = (block.SharedEnd / 4) + 1;
        (_writes, _reads, _states) = (new uint[words], new uint[words], new byte[words]);
        _agentsPerBlock = block.Warps.Length + 1 + ((block.Warps.Length + 3) / 4);

        // Blocks of a cluster read each other's memory, so they share their clocks.
        _clocks = group[0] == block ? new VectorClocks(_agentsPerBlock * group.Length) : group[0].Shadow!._clocks;
    }

    /// <summary>Moments that agents have seen.</summary>
    public VectorClocks Clocks => _clocks;

    /// <summary>Agent of a warp.</summary>
    public int AgentOf(Warp w) => (GroupIndex(w.Block) * _agentsPerBlock) + w.Index;

    /// <summary>Agent of a block's copy unit.</summary>
    public int CopyUnit(Block block) => (GroupIndex(block) * _agentsPerBlock) + block.Warps.Length;

    /// <summary>Agent of the tensor cores of a warpgroup.</summary>
    public int TensorUnit(Warp w) => CopyUnit(w.Block) + 1 + (w.Index / 4);

    /// <summary>Forgets everything.</summary>
    public void Start()
    {
        Array.Clear(_writes);
        Array.Clear(_reads);
        Array.Clear(_states);
        _readers.Clear();
        if (_group[0] == _block)
        {
            _clocks.Reset();
        }
    }

    /// <summary>A warp in its own name.</summary>
    public Party PartyOf(Warp w)
    {
        int agent = AgentOf(w);
        return new Party(agent, Epoch(agent, _clocks.Now(agent)), false);
    }

    /// <summary>An asynchronous unit, set to work by a warp.</summary>
    public Party PartyOf(Warp w, int unit, int moment) => new(AgentOf(w), Epoch(unit, moment), true);

    /// <summary>A warp fences what it has seen and done against the asynchronous units.</summary>
    public void Fence(Warp w) => _clocks.Fence(AgentOf(w));

    /// <summary>A warp has seen everything in a clock.</summary>
    public void Acquire(Warp w, int[] clock) => _clocks.Acquire(AgentOf(w), clock);

    /// <summary>Everything a warp has seen goes into a clock.</summary>
    public void Release(Warp w, ref int[]? clock) => _clocks.Release(AgentOf(w), ref clock);

    /// <summary>Checks an access of one lane and remembers it.</summary>
    public void Access(Checker checker, Warp w, Operation* o, int lane, uint address, int bytes, AccessKind kind, in Party party)
    {
        int finest = System.Numerics.BitOperations.TrailingZeroCount(address | (uint)bytes);
        if (finest < _shift)
        {
            Refine(finest);
        }

        uint end = (address + (uint)bytes - 1) >> _shift;
        for (uint unit = address >> _shift; unit <= end; unit++)
        {
            switch (kind)
            {
                case AccessKind.Read or AccessKind.ReadOnly or AccessKind.StrongRead or AccessKind.Looked:
                    Read(checker, w, o, lane, unit, party, kind is AccessKind.StrongRead, kind is AccessKind.StrongRead or AccessKind.Looked);
                    break;
                case AccessKind.Atomic:
                    Read(checker, w, o, lane, unit, party, true, true);
                    Write(checker, w, o, lane, unit, party, Written, AtomicBit);
                    break;
                case AccessKind.CopyStarted:
                    Write(checker, w, o, lane, unit, party, Pending, 0);
                    break;
                case AccessKind.CopyDone:
                    _states[unit] = (byte)((_states[unit] & ~Pending) | Written);
                    _writes[unit] = party.Epoch;
                    _reads[unit] = 0;
                    break;
                default:
                    Write(checker, w, o, lane, unit, party, Written, kind == AccessKind.StrongWrite ? AtomicBit : 0);
                    break;
            }
        }
    }

    private int GroupIndex(Block block) => _group.Length == 1 ? 0 : Array.IndexOf(_group, block);

    private static uint Epoch(int agent, int moment) => ((uint)agent << AgentShift) | ((uint)moment & MomentMask);

    private static int AgentIn(uint epoch) => (int)(epoch >> AgentShift & AgentMask);

    private bool Ordered(uint epoch, int agent) => _clocks.HasSeen(agent, AgentIn(epoch), (int)(epoch & MomentMask));

    // Units become smaller; what is known of one holds for its parts.
    private void Refine(int shift)
    {
        int parts = 1 << (_shift - shift);
        uint[] writes = new uint[_writes.Length * parts], reads = new uint[_reads.Length * parts];
        var states = new byte[_states.Length * parts];
        for (int i = 0; i < states.Length; i++)
        {
            (writes[i], states[i]) = (_writes[i / parts], _states[i / parts]);
            reads[i] = _reads[i / parts];
            if ((reads[i] & ManyReaders) != 0 && i % parts > 0)
            {
                _readers.Add([.. _readers[(int)(reads[i] & ~ManyReaders)]]);
                reads[i] = ManyReaders | (uint)(_readers.Count - 1);
            }
        }

        (_writes, _reads, _states, _shift) = (writes, reads, states, shift);
    }

    private string Place(uint unit) => $"shared {Units.Name(_shift)} 0x{unit << _shift:x}";

    private void Read(Checker checker, Warp w, Operation* o, int lane, uint unit, in Party party, bool atomic, bool forgets)
    {
        byte state = _states[unit];
        uint write = _writes[unit];
        if ((state & Pending) != 0)
        {
            checker.Report(w, FindingKind.PendingCopy, o, lane, $"{Place(unit)} is read before the copy into it was waited for (last writer: {Name(write)})");
            _states[unit] = Written;
        }
        else if (state == 0)
        {
            checker.Report(w, FindingKind.Uninitialised, o, lane, $"{Place(unit)} is read and nothing was written to it");
            _states[unit] = Written;
        }

        if (write != 0 && !(atomic && (write & AtomicBit) != 0) && !Ordered(write, party.Viewer))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"{Place(unit)} is read, and {Name(write)} wrote it with no barrier between");
            _writes[unit] = 0;
        }
        else if (party.IsAsync && write != 0 && AgentIn(write) % _agentsPerBlock < _block.Warps.Length && !_clocks.IsFenced(party.Viewer, AgentIn(write), (int)(write & MomentMask)))
        {
            checker.Report(w, FindingKind.ProxyFence, o, lane, $"{Place(unit)} is read by {Name(party.Epoch)}, and {Name(write)} wrote it with no fence.proxy.async between");
            _writes[unit] = 0;
        }

        uint read = _reads[unit];
        if (read == party.Epoch || forgets)
        {
            return;
        }

        if (read == 0 || ((read & ManyReaders) == 0 && (AgentIn(read) == AgentIn(party.Epoch) || (!party.IsAsync && Ordered(read, party.Viewer)))))
        {
            _reads[unit] = party.Epoch;
        }
        else
        {
            AddReader(unit, read, party.Epoch);
        }
    }

    private void AddReader(uint unit, uint read, uint now)
    {
        if ((read & ManyReaders) == 0)
        {
            var all = new uint[_agentsPerBlock * _group.Length];
            all[AgentIn(read)] = read;
            _readers.Add(all);
            read = ManyReaders | (uint)(_readers.Count - 1);
            _reads[unit] = read;
        }

        _readers[(int)(read & ~ManyReaders)][AgentIn(now)] = now;
    }

    private void Write(Checker checker, Warp w, Operation* o, int lane, uint unit, in Party party, byte state, uint flag)
    {
        uint write = _writes[unit], read = _reads[unit];
        if (write != 0 && !(flag != 0 && (write & AtomicBit) != 0) && !Ordered(write, party.Viewer))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"{Place(unit)} is written, and {Name(write)} wrote it too with no barrier between");
        }

        if ((read & ManyReaders) != 0)
        {
            foreach (uint reader in _readers[(int)(read & ~ManyReaders)])
            {
                CheckReader(checker, w, o, lane, unit, reader, party.Viewer);
            }
        }
        else
        {
            CheckReader(checker, w, o, lane, unit, read, party.Viewer);
        }

        _writes[unit] = party.Epoch | flag;
        _reads[unit] = 0;
        _states[unit] = state == Pending ? (byte)(_states[unit] | Pending) : Written;
    }

    private void CheckReader(Checker checker, Warp w, Operation* o, int lane, uint unit, uint reader, int viewer)
    {
        if (reader != 0 && !Ordered(reader, viewer))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"{Place(unit)} is written, and {Name(reader)} still reads it, with no barrier between");
        }
    }

    private string Name(uint epoch)
    {
        var agent = (int)(epoch >> AgentShift & AgentMask);
        int within = agent % _agentsPerBlock, warps = _block.Warps.Length;
        string block = _group.Length > 1 ? $" of block {_group[agent / _agentsPerBlock].Index}" : "";
        return epoch == 0 ? "nobody" : within < warps ? $"warp {within}{block}" : within == warps ? $"the copy unit{block}" : $"the tensor cores of warpgroup {within - warps - 1}{block}";
    }
}
