namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>An operand of an instruction.</summary>
public sealed class PtxOperand
{
    /// <summary>What it is.</summary>
    public required PtxOperandKind Kind { get; init; }

    /// <summary>As written.</summary>
    public required string Text { get; init; }

    /// <summary>The register.</summary>
    public PtxRegister? Register { get; init; }

    /// <summary>Bits of a number: an integer, a binary32 (<c>0f</c>) or a binary64.</summary>
    public ulong Bits { get; init; }

    /// <summary>Whether the bits are those of a binary64.</summary>
    public bool IsDouble { get; init; }

    /// <summary>The variable whose address this is.</summary>
    public PtxVariable? Variable { get; init; }

    /// <summary>Base of an address.</summary>
    public PtxOperand? Base { get; init; }

    /// <summary>Bytes added to the base of an address, or to a variable's address.</summary>
    public long Offset { get; init; }

    /// <summary>Members of a vector; what follows the base in the brackets of an address.</summary>
    public IReadOnlyList<PtxOperand> Elements { get; init; } = [];

    /// <summary>Whether a predicate is negated.</summary>
    public bool Negated { get; init; }

    /// <summary>Second result, behind a <c>|</c>.</summary>
    public PtxOperand? Pair { get; init; }

    /// <summary>The place in the code.</summary>
    public PtxLabel? Label { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
