using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// Gives registers their columns. Registers that are never needed at the same time share one, which keeps the register file of a warp in the
/// processor's cache: compilers write thousands of registers of which some two hundred live at once.
/// </summary>
internal sealed class Liveness
{
    private readonly PtxKernel _kernel;
    private readonly BasicBlock[] _blocks;
    private readonly int[] _from;
    private readonly int[] _to;

    private Liveness(PtxKernel kernel, BasicBlock[] blocks)
    {
        (_kernel, _blocks) = (kernel, blocks);
        _from = new int[kernel.Registers.Count];
        _to = new int[kernel.Registers.Count];
        Array.Fill(_from, int.MaxValue);
        Array.Fill(_to, -1);
    }

    /// <summary>Columns by register, and the bytes used from <paramref name="start"/> on.</summary>
    public static int[] Assign(PtxKernel kernel, BasicBlock[] blocks, int start, out int end)
    {
        var self = new Liveness(kernel, blocks);
        self.Ranges();
        return self.Columns(start, out end);
    }

    /// <summary>Registers that an instruction writes and reads.</summary>
    public static void Uses(PtxInstruction instruction, List<int> written, List<int> read)
    {
        written.Clear();
        read.Clear();
        if (instruction.Guard is not null)
        {
            read.Add(instruction.Guard.Index);
        }

        int results = Results(instruction);
        for (int i = 0; i < instruction.Operands.Count; i++)
        {
            bool isResult = i < results && instruction.Operands[i].Kind != PtxOperandKind.Address;
            Visit(instruction.Operands[i], isResult);
        }

        void Visit(PtxOperand operand, bool isResult)
        {
            if (operand.Register is not null)
            {
                (isResult ? written : read).Add(operand.Register.Index);
                if (isResult && instruction.Opcode == "wgmma")
                {
                    read.Add(operand.Register.Index);
                }
            }

            if (operand.Pair is not null)
            {
                Visit(operand.Pair, isResult);
            }

            if (operand.Base is not null)
            {
                Visit(operand.Base, false);
            }

            foreach (PtxOperand element in operand.Elements)
            {
                Visit(element, isResult);
            }
        }
    }

    private static int Results(PtxInstruction instruction) => instruction.Opcode switch
    {
        "st" or "red" or "bra" or "brx" or "ret" or "exit" or "trap" or "cp" or "fence" or "membar" or "prefetch" or "prefetchu" or
            "stmatrix" or "setmaxnreg" or "nanosleep" or "call" or "griddepcontrol" or "discard" or "applypriority" or "brkpt" or "pmevent" => 0,
        "bar" or "barrier" => instruction.Has("red") ? 1 : 0,
        "mbarrier" => instruction.Modifiers[0] is "init" or "inval" or "expect_tx" or "complete_tx" ? 0 : 1,
        "wgmma" => instruction.Has("mma_async") ? 1 : 0,
        _ => 1,
    };

    private void Ranges()
    {
        int words = (_kernel.Registers.Count + 63) / 64;
        int count = _blocks.Length;
        ulong[][] used = New(count, words), defined = New(count, words), liveIn = New(count, words), liveOut = New(count, words);
        Local(used, defined);
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int b = count - 1; b >= 0; b--)
            {
                changed |= Flow(b, used[b], defined[b], liveIn, liveOut[b]);
            }
        }

        for (int b = 0; b < count; b++)
        {
            Extend(liveIn[b], _blocks[b].Start);
            Extend(liveOut[b], _blocks[b].End);
        }
    }

    private static ulong[][] New(int count, int words) => [.. Enumerable.Range(0, count).Select(_ => new ulong[words])];

    private void Local(ulong[][] used, ulong[][] defined)
    {
        List<int> written = [], read = [];
        for (int b = 0; b < _blocks.Length; b++)
        {
            for (int i = _blocks[b].Start; i < _blocks[b].End; i++)
            {
                Uses(_kernel.Code[i], written, read);
                foreach (int register in read)
                {
                    Touch(register, i);
                    if ((defined[b][register >> 6] >> register & 1) == 0)
                    {
                        used[b][register >> 6] |= 1UL << register;
                    }
                }

                foreach (int register in written)
                {
                    Touch(register, i);
                    if (_kernel.Code[i].Guard is null)
                    {
                        defined[b][register >> 6] |= 1UL << register;
                    }
                }
            }
        }
    }

    private bool Flow(int b, ulong[] used, ulong[] defined, ulong[][] liveIn, ulong[] liveOut)
    {
        bool changed = false;
        for (int word = 0; word < liveOut.Length; word++)
        {
            ulong live = 0;
            foreach (int next in _blocks[b].Successors)
            {
                live |= liveIn[next][word];
            }

            liveOut[word] = live;
            live = (live & ~defined[word]) | used[word];
            changed |= live != liveIn[b][word];
            liveIn[b][word] = live;
        }

        return changed;
    }

    private void Extend(ulong[] live, int at)
    {
        for (int word = 0; word < live.Length; word++)
        {
            for (ulong bits = live[word]; bits != 0; bits &= bits - 1)
            {
                Touch((word * 64) + System.Numerics.BitOperations.TrailingZeroCount(bits), at);
            }
        }
    }

    private void Touch(int register, int at)
    {
        _from[register] = Math.Min(_from[register], at);
        _to[register] = Math.Max(_to[register], at);
    }

    private int[] Columns(int start, out int end)
    {
        var columns = new int[_from.Length];
        Array.Fill(columns, start); // a register that nothing uses
        var free = new Dictionary<int, Stack<int>> { [4] = [], [128] = [], [256] = [] };
        var ending = new PriorityQueue<int, int>();
        int next = (start + 63) & ~63;
        foreach (int register in Enumerable.Range(0, _from.Length).Where(r => _to[r] >= 0).OrderBy(r => _from[r]))
        {
            while (ending.TryPeek(out int done, out int last) && last < _from[register])
            {
                ending.Dequeue();
                free[Size(done)].Push(columns[done]);
            }

            int size = Size(register);
            if (!free[size].TryPop(out columns[register]))
            {
                next = size == 4 ? next : (next + 63) & ~63;
                columns[register] = next;
                next += size;
            }

            ending.Enqueue(register, _to[register]);
        }

        end = (next + 63) & ~63;
        return columns;
    }

    private int Size(int register) => _kernel.Registers[register].Type.Width switch { 0 => 4, 4 => 128, _ => 256 };
}
