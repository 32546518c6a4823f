using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>What checks know of every 4-byte word of a block's shared memory: which bytes were written, by whom last, and who read since.</summary>
internal sealed unsafe class SharedShadow
{
    private const byte WrittenBits = 0x0F;
    private const byte Pending = 0x10;
    private const uint AtomicBit = 1u << 31;
    private const uint ManyReaders = 1u << 31;
    private const int AgentShift = 21;
    private const uint MomentMask = (1u << AgentShift) - 1;
    private const uint AgentMask = 0x3FF;

    private readonly Block _block;
    private readonly Block[] _group;
    private readonly VectorClocks _clocks;
    private readonly int _agentsPerBlock;
    private readonly uint[] _writes;
    private readonly uint[] _reads;
    private readonly byte[] _states;
    private readonly List<uint[]> _readers = [];

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

    /// <summary>A warp has seen everything in a clock.</summary>
    public void Acquire(Warp w, int[] clock) => _clocks.Acquire(AgentOf(w), clock);

    /// <summary>Everything a warp has seen goes into a clock.</summary>
    public void Release(Warp w, ref int[]? clock) => _clocks.Release(AgentOf(w), ref clock);

    /// <summary>Checks an access of one lane and remembers it.</summary>
    public void Access(Checker checker, Warp w, Operation* o, int lane, uint address, int bytes, AccessKind kind, int agent)
    {
        for (uint word = address >> 2; word <= (address + (uint)bytes - 1) >> 2; word++)
        {
            uint low = Math.Max(address, word * 4), high = Math.Min(address + (uint)bytes, (word * 4) + 4);
            var used = (byte)(((1 << (int)(high - low)) - 1) << (int)(low & 3));
            switch (kind)
            {
                case AccessKind.Read or AccessKind.ReadOnly or AccessKind.StrongRead:
                    Read(checker, w, o, lane, word, used, agent, kind == AccessKind.StrongRead);
                    break;
                case AccessKind.Atomic:
                    Read(checker, w, o, lane, word, used, agent, true);
                    Write(checker, w, o, lane, word, used, agent, AtomicBit);
                    break;
                case AccessKind.CopyStarted:
                    Write(checker, w, o, lane, word, 0, agent, 0);
                    _states[word] |= Pending;
                    break;
                case AccessKind.CopyDone:
                    _states[word] = (byte)((_states[word] & ~Pending) | used);
                    _writes[word] = Epoch(agent);
                    _reads[word] = 0;
                    break;
                default:
                    Write(checker, w, o, lane, word, used, agent, kind == AccessKind.StrongWrite ? AtomicBit : 0);
                    break;
            }
        }
    }

    private int GroupIndex(Block block) => _group.Length == 1 ? 0 : Array.IndexOf(_group, block);

    private uint Epoch(int agent) => ((uint)agent << AgentShift) | ((uint)_clocks.Now(agent) & MomentMask);

    private bool Ordered(uint epoch, int agent) => _clocks.HasSeen(agent, (int)(epoch >> AgentShift & AgentMask), (int)(epoch & MomentMask));

    private void Read(Checker checker, Warp w, Operation* o, int lane, uint word, byte used, int agent, bool atomic)
    {
        byte state = _states[word];
        if ((state & Pending) != 0)
        {
            checker.Report(w, FindingKind.PendingCopy, o, lane, $"shared word 0x{word * 4:x} is read before the copy into it was waited for (last writer: {Name(_writes[word])})");
            _states[word] = (byte)((state & ~Pending) | WrittenBits);
        }
        else if ((state & used) != used)
        {
            checker.Report(w, FindingKind.Uninitialised, o, lane, $"shared word 0x{word * 4:x} is read and nothing was written to it");
            _states[word] |= used;
        }

        uint now = Epoch(agent), write = _writes[word];
        if (write != 0 && !(atomic && (write & AtomicBit) != 0) && !Ordered(write, agent))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"shared word 0x{word * 4:x} is read, and {Name(write)} wrote it with no barrier between");
            _writes[word] = 0;
        }

        uint read = _reads[word];
        if (read == now || atomic)
        {
            return;
        }

        if (read == 0 || ((read & ManyReaders) == 0 && Ordered(read, agent)))
        {
            _reads[word] = now;
        }
        else
        {
            AddReader(word, read, now, agent);
        }
    }

    private void AddReader(uint word, uint read, uint now, int agent)
    {
        if ((read & ManyReaders) == 0)
        {
            var all = new uint[_agentsPerBlock * _group.Length];
            all[read >> AgentShift & AgentMask] = read;
            _readers.Add(all);
            read = ManyReaders | (uint)(_readers.Count - 1);
            _reads[word] = read;
        }

        _readers[(int)(read & ~ManyReaders)][agent] = now;
    }

    private void Write(Checker checker, Warp w, Operation* o, int lane, uint word, byte used, int agent, uint flag)
    {
        uint write = _writes[word], read = _reads[word];
        if (write != 0 && !(flag != 0 && (write & AtomicBit) != 0) && !Ordered(write, agent))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"shared word 0x{word * 4:x} is written, and {Name(write)} wrote it too with no barrier between");
        }

        if ((read & ManyReaders) != 0)
        {
            foreach (uint reader in _readers[(int)(read & ~ManyReaders)])
            {
                CheckReader(checker, w, o, lane, word, reader, agent);
            }
        }
        else
        {
            CheckReader(checker, w, o, lane, word, read, agent);
        }

        _writes[word] = Epoch(agent) | flag;
        _reads[word] = 0;
        _states[word] = (byte)((_states[word] & ~Pending) | used);
    }

    private void CheckReader(Checker checker, Warp w, Operation* o, int lane, uint word, uint reader, int agent)
    {
        if (reader != 0 && !Ordered(reader, agent))
        {
            checker.Report(w, FindingKind.SharedRace, o, lane, $"shared word 0x{word * 4:x} is written, and {Name(reader)} still reads it, with no barrier between");
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
