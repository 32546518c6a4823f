namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>One instruction of a kernel.</summary>
public sealed class PtxInstruction
{
    /// <summary>First word, such as <c>cvt</c>.</summary>
    public required string Opcode { get; init; }

    /// <summary>Words behind it without dots, such as <c>rn</c>, <c>bf16</c>, <c>shared::cta</c>.</summary>
    public required IReadOnlyList<string> Modifiers { get; init; }

    /// <summary>Operands, results first.</summary>
    public required IReadOnlyList<PtxOperand> Operands { get; init; }

    /// <summary>Predicate that must hold in a lane, or null.</summary>
    public PtxRegister? Guard { get; init; }

    /// <summary>Whether the guard must not hold instead.</summary>
    public bool GuardNegated { get; init; }

    /// <summary>Line in the PTX text, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Line in the CUDA source, or null where the PTX tells none.</summary>
    public SourceLocation? Source { get; init; }

    /// <summary>As written, in one line.</summary>
    public required string Text { get; init; }

    /// <summary>Opcode with its modifiers.</summary>
    public string Form => Modifiers.Count == 0 ? Opcode : $"{Opcode}.{string.Join('.', Modifiers)}";

    /// <summary>Whether this modifier is there.</summary>
    public bool Has(string modifier) => Modifiers.Contains(modifier);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
