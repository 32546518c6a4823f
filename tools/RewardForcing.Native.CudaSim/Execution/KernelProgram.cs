using System.Runtime.InteropServices;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>A lowered kernel.</summary>
internal sealed unsafe class KernelProgram : IDisposable
{
    private readonly int _count;
    private readonly List<(int Column, ulong Bits, int Width)> _constants;

    public KernelProgram(PtxModule module, PtxKernel kernel, ReadOnlySpan<Operation> operations, BasicBlock[] blocks, int[] blockOf, List<(int Column, ulong Bits, int Width)> constants)
    {
        (Module, Kernel, Blocks, BlockOf, _constants, _count) = (module, kernel, blocks, blockOf, constants, operations.Length);
        Entry = (Operation*)NativeMemory.AlignedAlloc((nuint)(_count * sizeof(Operation)), 64);
        operations.CopyTo(new Span<Operation>(Entry, _count));
    }

    /// <summary>Module it comes from.</summary>
    public PtxModule Module { get; }

    /// <summary>Kernel it comes from.</summary>
    public PtxKernel Kernel { get; }

    /// <summary>Its basic blocks.</summary>
    public BasicBlock[] Blocks { get; }

    /// <summary>Block of every instruction.</summary>
    public int[] BlockOf { get; }

    /// <summary>First step.</summary>
    public Operation* Entry { get; private set; }

    /// <summary>Bytes of a warp's register file.</summary>
    public required int RegisterBytes { get; init; }

    /// <summary>Bytes of a thread's memory.</summary>
    public required int LocalBytes { get; init; }

    /// <summary>Bytes of static shared memory, dynamic memory's alignment included.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Objects that steps refer to.</summary>
    public required IReadOnlyList<object> Objects { get; init; }

    /// <summary>Special registers in use.</summary>
    public required IReadOnlyList<SpecialRegister> Specials { get; init; }

    /// <summary>Caches of allocations that its memory accesses need.</summary>
    public required int AccessCount { get; init; }

    /// <summary>Writes the constant columns of a register file.</summary>
    public void CopyConstants(byte* registers)
    {
        foreach ((int column, ulong bits, int width) in _constants)
        {
            switch (width)
            {
                case 0:
                    *(uint*)(registers + column) = bits != 0 ? Lanes.All : 0;
                    break;
                case 4:
                    Lanes.Fill32(registers + column, (uint)bits, Lanes.All);
                    break;
                default:
                    Lanes.Fill64(registers + column, bits, Lanes.All);
                    break;
            }
        }
    }

    /// <summary>PTX instruction of a step, or null at the end of the kernel.</summary>
    public PtxInstruction? InstructionOf(Operation* o) => o->Instruction >= 0 && o->Instruction < Kernel.Code.Count ? Kernel.Code[o->Instruction] : null;

    /// <summary>First step of an instruction in the block that begins at a step.</summary>
    public Operation* Collective(Operation* start) => start + 1 < Entry + _count ? start + 1 : start;

    /// <summary>Source line of a step.</summary>
    public string Where(Operation* o) => InstructionOf(o) is PtxInstruction instruction
        ? $"{instruction.Source?.ToString() ?? $"PTX line {instruction.Line}"} ({instruction.Opcode})"
        : "the end";

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Entry);
        Entry = null;
    }
}
