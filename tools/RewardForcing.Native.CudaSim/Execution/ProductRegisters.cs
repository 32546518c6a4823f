using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// Finds the instructions at which registers of a warpgroup product could be used too early: while a product that writes or reads them may be under way, or in
/// a product after they were written with no <c>wgmma.fence</c> between. What holds on any path counts; a run then looks whether it holds on its own.
/// </summary>
internal sealed class ProductRegisters
{
    private const byte Free = byte.MaxValue;
    private const byte Oldest = 9;

    private readonly PtxKernel _kernel;
    private readonly BasicBlock[] _blocks;
    private readonly Dictionary<int, int> _tracked = [];
    private readonly Dictionary<int, List<(int Register, bool IsWritten)>> _early = [];
    private readonly Dictionary<int, int> _unfenced = [];
    private readonly List<int> _written = [];
    private readonly List<int> _read = [];

    private ProductRegisters(PtxKernel kernel, BasicBlock[] blocks) => (_kernel, _blocks) = (kernel, blocks);

    /// <summary>Looks through a kernel; null if it has no such products.</summary>
    public static ProductRegisters? Of(PtxKernel kernel, BasicBlock[] blocks)
    {
        var self = new ProductRegisters(kernel, blocks);
        foreach (PtxInstruction instruction in kernel.Code.Where(IsProduct))
        {
            foreach (int register in Results(instruction).Concat(Factors(instruction)))
            {
                self._tracked.TryAdd(register, self._tracked.Count);
            }
        }

        if (self._tracked.Count == 0)
        {
            return null;
        }

        self.Run();
        return self;
    }

    /// <summary>Registers that an instruction uses while a product may be under way, and whether it writes them.</summary>
    public IReadOnlyList<(int Register, bool IsWritten)> UsedEarly(int instruction) => _early.GetValueOrDefault(instruction) ?? (IReadOnlyList<(int, bool)>)[];

    /// <summary>A register that a product uses and that was written since the last fence, or -1.</summary>
    public int Unfenced(int instruction) => _unfenced.GetValueOrDefault(instruction, -1);

    private static bool IsProduct(PtxInstruction instruction) => instruction.Opcode == "wgmma" && instruction.Has("mma_async");

    private static IEnumerable<int> Results(PtxInstruction product) => Registers(product.Operands[0]);

    private static IEnumerable<int> Factors(PtxInstruction product) => product.Operands[1].Kind == PtxOperandKind.Vector ? Registers(product.Operands[1]) : [];

    private static IEnumerable<int> Registers(PtxOperand operand) => operand.Elements.Where(element => element.Register is not null).Select(element => element.Register!.Index);

    private void Run()
    {
        var entries = new State?[_blocks.Length];
        entries[0] = new State(_tracked.Count);
        var waiting = new Queue<int>([0]);
        while (waiting.TryDequeue(out int b))
        {
            State state = Flow(b, entries[b]!, false);
            foreach (int next in _blocks[b].Successors)
            {
                if (entries[next] is null)
                {
                    entries[next] = new State(state);
                }
                else if (!entries[next]!.Join(state))
                {
                    continue;
                }

                if (!waiting.Contains(next))
                {
                    waiting.Enqueue(next);
                }
            }
        }

        for (int b = 0; b < _blocks.Length; b++)
        {
            if (entries[b] is State entry)
            {
                Flow(b, entry, true);
            }
        }
    }

    private State Flow(int block, State entry, bool isRecording)
    {
        var state = new State(entry);
        for (int i = _blocks[block].Start; i < _blocks[block].End; i++)
        {
            PtxInstruction instruction = _kernel.Code[i];
            if (instruction.Opcode == "wgmma")
            {
                Product(i, instruction, state, isRecording);
            }
            else
            {
                Other(i, instruction, state, isRecording);
            }
        }

        return state;
    }

    private void Product(int index, PtxInstruction instruction, State state, bool isRecording)
    {
        switch (instruction.Modifiers[0])
        {
            case "fence":
                Array.Clear(state.Dirty);
                return;
            case "commit_group":
                state.Commit();
                return;
            case "wait_group":
                state.Wait((int)instruction.Operands[0].Bits);
                return;
        }

        foreach (int register in Factors(instruction))
        {
            int at = _tracked[register];
            Record(isRecording && state.Results[at] != Free, index, register, false);
            state.Factors[at] = 0;
        }

        foreach (int register in Results(instruction).Concat(Factors(instruction)))
        {
            if (isRecording && state.Dirty[_tracked[register]])
            {
                _unfenced[index] = register;
            }
        }

        foreach (int register in Results(instruction))
        {
            state.Results[_tracked[register]] = 0;
        }
    }

    private void Other(int index, PtxInstruction instruction, State state, bool isRecording)
    {
        Liveness.Uses(instruction, _written, _read);
        foreach (int register in _read)
        {
            if (_tracked.TryGetValue(register, out int at))
            {
                Record(isRecording && state.Results[at] != Free, index, register, false);
            }
        }

        foreach (int register in _written)
        {
            if (_tracked.TryGetValue(register, out int at))
            {
                Record(isRecording && (state.Results[at] != Free || state.Factors[at] != Free), index, register, true);

                // Compilers put constants and copies where they like, and assemblers know; what was computed is the kernel's own.
                state.Dirty[at] |= instruction.Opcode != "mov";
            }
        }
    }

    private void Record(bool holds, int index, int register, bool isWritten)
    {
        if (!holds)
        {
            return;
        }

        if (!_early.TryGetValue(index, out List<(int, bool)>? all))
        {
            _early[index] = all = [];
        }

        all.Add((register, isWritten));
    }

    // For every register: how many groups were committed since a product that may be under way wrote it (0 is the open one), or read it; and whether it was
    // written since the last fence.
    private sealed class State
    {
        public State(int count)
        {
            (Results, Factors, Dirty) = (new byte[count], new byte[count], new bool[count]);
            Array.Fill(Results, Free);
            Array.Fill(Factors, Free);
            Array.Fill(Dirty, true);
        }

        public State(State other) => (Results, Factors, Dirty) = ([.. other.Results], [.. other.Factors], [.. other.Dirty]);

        public byte[] Results { get; }

        public byte[] Factors { get; }

        public bool[] Dirty { get; }

        public void Commit()
        {
            for (int i = 0; i < Results.Length; i++)
            {
                Results[i] = Results[i] < Oldest ? (byte)(Results[i] + 1) : Results[i];
                Factors[i] = Factors[i] < Oldest ? (byte)(Factors[i] + 1) : Factors[i];
            }
        }

        public void Wait(int pending)
        {
            for (int i = 0; i < Results.Length; i++)
            {
                Results[i] = Results[i] > pending ? Free : Results[i];
                Factors[i] = Factors[i] > pending ? Free : Factors[i];
            }
        }

        public bool Join(State other)
        {
            bool changed = false;
            for (int i = 0; i < Results.Length; i++)
            {
                changed |= other.Results[i] < Results[i] || other.Factors[i] < Factors[i] || (other.Dirty[i] && !Dirty[i]);
                Results[i] = Math.Min(Results[i], other.Results[i]);
                Factors[i] = Math.Min(Factors[i], other.Factors[i]);
                Dirty[i] |= other.Dirty[i];
            }

            return changed;
        }
    }
}
