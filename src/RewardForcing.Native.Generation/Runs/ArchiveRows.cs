using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Reads parts of float tensors out of archives.</summary>
internal static class ArchiveRows
{
    /// <summary>Reads whole rows.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="entry">The tensor, seen as rows.</param>
    /// <param name="rowSize">Values of a row.</param>
    /// <param name="first">First row.</param>
    /// <param name="values">Destination, a whole number of rows.</param>
    /// <exception cref="ModelFormatException">The elements are not F32, BF16 or F16.</exception>
    public static void Read(TensorArchive archive, TensorEntry entry, int rowSize, int first, Span<float> values)
    {
        DType type = entry.Type switch
        {
            ElementType.F32 => DType.F32,
            ElementType.BF16 => DType.BF16,
            ElementType.F16 => DType.F16,
            _ => throw new ModelFormatException(archive.Path, $"{entry.Name} must be F32, BF16 or F16, found {entry.Type}", entry.Name),
        };
        using CpuDevice device = new(1);
        int all = checked((int)(entry.ByteLength / type.Size() / rowSize));
        TensorBytes bytes = archive.Map(entry);
        using Parameter mapped = Parameter.Map(device, entry.Name, bytes.Address, new Shape(all, rowSize), type, bytes);
        using Pass pass = Pass.Inference(device);
        pass.Slice(mapped, first, values.Length / rowSize).ToFloats().CopyTo(values);
    }
}
