namespace RewardForcing.Native.Testing.Cases;

/// <summary>Which element types an input of an op may have.</summary>
public enum InputKind
{
    /// <summary>F32 or BF16; decides the arithmetic and is shared by all inputs of this kind.</summary>
    Activation,

    /// <summary>F32 or BF16, whatever the activations are.</summary>
    Operand,

    /// <summary>Any float type, whatever the activations are.</summary>
    Weight,

    /// <summary>Any type at all: the op moves elements and computes nothing. Shared by all inputs of this kind.</summary>
    Any,

    /// <summary>F32 whatever the others are: what optimisers keep.</summary>
    Float,

    /// <summary>I32, row numbers.</summary>
    Index,
}
