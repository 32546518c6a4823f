using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Cuts a kernel into basic blocks.</summary>
internal static class ControlFlow
{
    // Lanes are exchanged at starts of blocks only, so whatever makes lanes wait for each other begins a block.
    private static readonly HashSet<string> Collectives =
    [
        "shfl", "vote", "match", "redux", "activemask", "bar", "barrier", "elect", "wgmma", "setmaxnreg", "mbarrier", "griddepcontrol", "cp",
    ];

    /// <summary>Whether an instruction begins a block.</summary>
    public static bool IsCollective(PtxInstruction instruction) =>
        Collectives.Contains(instruction.Opcode) && (instruction.Opcode != "cp" || instruction.Has("bulk"));

    /// <summary>The blocks in order, and for every instruction the number of its block.</summary>
    public static (BasicBlock[] Blocks, int[] BlockOf) Cut(PtxKernel kernel)
    {
        int count = kernel.Code.Count;
        var starts = new SortedSet<int> { 0 };
        foreach (PtxLabel label in kernel.Labels)
        {
            starts.Add(label.Position);
        }

        for (int i = 0; i < count; i++)
        {
            PtxInstruction instruction = kernel.Code[i];
            if (instruction.Opcode is "bra" or "brx" or "ret" or "exit" or "trap" or "bar" or "barrier" or "mbarrier" or "wgmma" || instruction.Has("bulk"))
            {
                starts.Add(i + 1);
            }

            if (IsCollective(instruction))
            {
                starts.Add(i);
            }
        }

        starts.RemoveWhere(start => start >= count && start > 0);
        int[] first = [.. starts];
        var blocks = new BasicBlock[first.Length];
        var blockOf = new int[count + 1];
        for (int b = 0; b < first.Length; b++)
        {
            blocks[b] = new BasicBlock(first[b], b + 1 < first.Length ? first[b + 1] : count);
            blockOf.AsSpan(blocks[b].Start, blocks[b].End - blocks[b].Start).Fill(b);
        }

        blockOf[count] = first.Length;
        Connect(kernel, blocks, blockOf);
        return (blocks, blockOf);
    }

    private static void Connect(PtxKernel kernel, BasicBlock[] blocks, int[] blockOf)
    {
        for (int b = 0; b < blocks.Length; b++)
        {
            PtxInstruction? last = blocks[b].End > blocks[b].Start ? kernel.Code[blocks[b].End - 1] : null;
            IEnumerable<PtxLabel> targets = last?.Opcode switch
            {
                "bra" => [last.Operands[^1].Label!],
                "brx" => last.Operands[^1].Label!.Table ?? [],
                _ => [],
            };
            foreach (PtxLabel target in targets)
            {
                Add(blockOf[target.Position]);
            }

            bool falls = last is null || last.Opcode is not ("bra" or "brx" or "ret" or "exit" or "trap") || last.Guard is not null;
            if (falls)
            {
                Add(b + 1);
            }

            void Add(int block)
            {
                if (block < blocks.Length)
                {
                    blocks[b].Successors.Add(block);
                }
            }
        }
    }
}
