using System.Runtime.InteropServices;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>
/// One step of a lowered kernel. Steps lie one behind the other; a handler does its work for the lanes of <see cref="Warp.Mask"/> and returns
/// the step to run next, or null when the warp cannot go on now. Registers are named by their byte offset in the warp's register file.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Operation
{
    /// <summary>What to do.</summary>
    public delegate*<Warp, Operation*, Operation*> Run;

    /// <summary>What to do in the lanes where the guard holds; <see cref="Run"/> then narrows the lanes first.</summary>
    public delegate*<Warp, Operation*, Operation*> Guarded;

    /// <summary>Result.</summary>
    public int D;

    /// <summary>First source.</summary>
    public int A;

    /// <summary>Second source.</summary>
    public int B;

    /// <summary>Third source.</summary>
    public int C;

    /// <summary>Further registers.</summary>
    public int E, F, G, H, I, J, K, L, M, N;

    /// <summary>Constant part: an address offset, a table, a number.</summary>
    public long Immediate;

    /// <summary>Where a branch goes; for a collective, the start of its block.</summary>
    public Operation* Target;

    /// <summary>Predicate that must hold.</summary>
    public int Guard;

    /// <summary>All ones if the guard is negated.</summary>
    public uint GuardFlip;

    /// <summary>Number of the PTX instruction it comes from.</summary>
    public int Instruction;

    /// <summary>Number of the basic block it is in.</summary>
    public int Block;

    /// <summary>Bytes of an element.</summary>
    public int Size;

    /// <summary>Number of elements.</summary>
    public int Count;

    /// <summary>Which of several ways.</summary>
    public int Mode;

    /// <summary>Number of the object in <see cref="KernelProgram.Objects"/> that belongs to it.</summary>
    public int Object;
}
