using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Control flow (PTX ISA, "Control Flow Instructions").</summary>
internal static unsafe class Branches
{
    public static void Branch(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("uni");
        if (i.Guard is null)
        {
            l.Add(&Divergence.Branch);
        }
        else
        {
            l.SetGuard(ref l.Add(&Divergence.BranchIf));
        }
    }

    /// <summary>brx.idx: through a table of labels.</summary>
    public static void BranchTable(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("uni");
        if (!m.Take("idx") || i.Operands[^1].Label?.Table is not { } table)
        {
            throw new UnknownFormException("a table of targets is needed");
        }

        int number = l.AddObject(table.Select(label => (nint)label.Position).ToArray());
        int index = l.Source(i.Operands[0], new PtxType(PtxKind.Unsigned, 4));
        l.Add(&Divergence.BranchTable, 0, index).Object = number;
    }

    public static void Exit(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("uni");
        l.Add(&Divergence.Exit);
    }

    public static void Trap(Lowering l, PtxInstruction i, Modifiers m) => l.Add(&RunTrap);

    /// <summary>Instructions that change nothing here: hints, and waits for time to pass.</summary>
    public static void Nothing(Lowering l, PtxInstruction i, Modifiers m)
    {
        while (m.First(_ => true) is not null)
        {
            // every form of these is a hint
        }
    }

    private static Operation* RunTrap(Warp w, Operation* o) => throw w.Fault(FindingKind.Trap, o, Warp.First(w.Mask), "the kernel stopped itself with trap");
}
