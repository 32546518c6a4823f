namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>What an operand is.</summary>
public enum PtxOperandKind
{
    /// <summary>A register.</summary>
    Register,

    /// <summary>A number.</summary>
    Immediate,

    /// <summary>The address of a variable.</summary>
    Variable,

    /// <summary>A special register such as <c>%tid.x</c>.</summary>
    Special,

    /// <summary>Memory: <c>[base+offset]</c>, with tensor coordinates behind it where the instruction takes them.</summary>
    Address,

    /// <summary>Several operands in braces or parentheses.</summary>
    Vector,

    /// <summary>A place in the code.</summary>
    Label,

    /// <summary>A function.</summary>
    Function,

    /// <summary><c>_</c>: a result that is not wanted.</summary>
    Sink,
}
