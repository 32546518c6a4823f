using System.Globalization;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.KernelLab;

/// <summary>Sorts instructions into classes.</summary>
internal static class WorkClasses
{
    /// <summary>The class of an instruction.</summary>
    public static WorkClass Of(PtxInstruction instruction) => instruction.Opcode switch
    {
        "mma" => WorkClass.Matrix,
        "wgmma" => instruction.Has("mma_async") ? WorkClass.WarpgroupMatrix : WorkClass.Control,
        "ldmatrix" or "stmatrix" => WorkClass.MatrixMove,
        "ld" or "ldu" or "st" or "atom" or "red" => Space(instruction),
        "cp" => !instruction.Has("async") || instruction.Has("commit_group") || instruction.Has("wait_group") || instruction.Has("wait_all") ? WorkClass.Control
            : instruction.Has("bulk") ? WorkClass.BulkCopy : WorkClass.AsyncCopy,
        "ex2" or "lg2" or "sin" or "cos" or "tanh" or "rsqrt" or "rcp" or "sqrt" => instruction.Has("f64") ? WorkClass.Double : WorkClass.Special,
        "cvt" => instruction.Modifiers.Any(IsFloat) ? WorkClass.Convert : WorkClass.Integer,
        "mov" => WorkClass.Move,
        "shfl" or "vote" or "match" or "redux" or "elect" => WorkClass.Exchange,
        "bra" or "brx" or "ret" or "exit" or "call" or "bar" or "barrier" or "membar" or "fence" or "mbarrier" or "setmaxnreg" or "prefetch" or "nanosleep" or "trap"
            or "griddepcontrol" => WorkClass.Control,
        _ => Arithmetic(instruction),
    };

    /// <summary>Machine instructions that an instruction becomes, where they are many: estimates.</summary>
    public static int MachineInstructions(PtxInstruction instruction)
    {
        bool isWide = instruction.Has("s64") || instruction.Has("u64");
        return instruction.Opcode switch
        {
            "div" or "rem" when instruction.Has("f32") => instruction.Has("rn") ? 10 : 2,
            "div" or "rem" => isWide ? 70 : 18,
            "rcp" or "sqrt" when instruction.Has("rn") => 8,
            "mul" or "mad" when isWide && instruction.Has("lo") => 3,
            _ => 1,
        };
    }

    /// <summary>Multiply-adds of a matrix instruction, each time a warp (<c>mma</c>) or the warps of a warpgroup together (<c>wgmma</c>) run it; 0 for others.</summary>
    public static long MultiplyAdds(PtxInstruction instruction)
    {
        (int m, int n, int k) = Extents(instruction);
        return (long)m * n * k;
    }

    /// <summary>Bytes of shared memory that a <c>wgmma</c> reads for 16-bit operands: B always, A where it is not in registers.</summary>
    public static long OperandBytes(PtxInstruction instruction)
    {
        (int m, int n, int k) = Extents(instruction);
        bool isLeftInRegisters = instruction.Operands[1].Kind == PtxOperandKind.Vector;
        return 2L * k * (n + (isLeftInRegisters ? 0 : m));
    }

    private static (int M, int N, int K) Extents(PtxInstruction instruction)
    {
        string? shape = instruction.Modifiers.FirstOrDefault(static word => word.Length > 5 && word[0] == 'm' && char.IsAsciiDigit(word[1]) && word.Contains('n') && word.Contains('k'));
        if (shape is null)
        {
            return default;
        }

        (int n, int k) = (shape.IndexOf('n'), shape.IndexOf('k'));
        return (Number(shape[1..n]), Number(shape[(n + 1)..k]), Number(shape[(k + 1)..]));
    }

    private static WorkClass Space(PtxInstruction instruction) =>
        instruction.Modifiers.Any(static word => word.StartsWith("shared", StringComparison.Ordinal)) ? WorkClass.Shared
        : instruction.Has("param") || instruction.Has("local") || instruction.Has("const") ? WorkClass.Control : WorkClass.Global;

    private static WorkClass Arithmetic(PtxInstruction instruction) =>
        instruction.Opcode is "selp" or "setp" or "set" or "slct" or "cvta" ? WorkClass.Integer
        : instruction.Has("f64") ? WorkClass.Double
        : instruction.Modifiers.Any(IsFloat) ? WorkClass.Float : WorkClass.Integer;

    private static bool IsFloat(string modifier) => modifier is "f64" or "f32" or "f16" or "bf16" or "f16x2" or "bf16x2" or "f32x2";

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
