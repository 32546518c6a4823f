using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>In which type the weights of a network are used, and where they lie.</summary>
public sealed record WeightRules
{
    /// <summary>Type all weights are converted to; null uses them as they are stored, mapped in place on the CPU.</summary>
    public DType? CastTo { get; init; }

    /// <summary>
    /// Type that weights of more precision are rounded to; null rounds none. With BF16 those stored as F32, F64, F16 or integers are rounded, while
    /// BF16 and 8-bit floats stay as they are: what the tensor cores of a GPU multiply without a loss.
    /// </summary>
    public DType? RoundTo { get; init; }

    /// <summary>
    /// Whether the weights of a transformer's blocks stay in host memory and are brought to the device one block after the other: for devices the
    /// network does not fit. Changes nothing on the CPU, where weights are read in place, nor in networks that are no chain of blocks.
    /// </summary>
    public bool StreamsBlocks { get; init; }

    /// <summary>Whether weights are copied to memory of their own, so that training can change them; otherwise the CPU maps them from the file, which nobody may write to.</summary>
    public bool IsWritable { get; init; }

    /// <summary>The type a stored weight is used in.</summary>
    /// <param name="stored">Type in the file.</param>
    internal DType TypeOf(ElementType stored)
    {
        DType? same = WeightReader.Stored(stored);
        bool isFine = same is null or DType.F32 or DType.F16;
        return CastTo ?? (isFine ? RoundTo : null) ?? same ?? DType.F32;
    }
}
