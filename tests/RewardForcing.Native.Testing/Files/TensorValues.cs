using System.Buffers.Binary;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Files;

/// <summary>Reads the elements of an archive as numbers, slowly and without the product's conversions.</summary>
public static class TensorValues
{
    /// <summary>All elements, row-major.</summary>
    public static double[] Read(TensorArchive archive, string name)
    {
        if (!archive.TryGet(name, out TensorEntry? entry))
        {
            throw new KeyNotFoundException($"{archive.Path} has no tensor {name}, only {string.Join(", ", archive.Entries.Select(other => other.Name))}.");
        }

        using TensorBytes bytes = archive.Map(entry);
        return Decode(entry.Type, bytes.ToArray());
    }

    private static double[] Decode(ElementType type, byte[] bytes)
    {
        int size = type.Bits() / 8;
        var values = new double[bytes.Length / size];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes.AsSpan(i * size, size);
            values[i] = type switch
            {
                ElementType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(element),
                ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(element),
                ElementType.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(element),
                ElementType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(element) << 16),
                ElementType.I64 => BinaryPrimitives.ReadInt64LittleEndian(element),
                ElementType.U64 => BinaryPrimitives.ReadUInt64LittleEndian(element),
                ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(element),
                ElementType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(element),
                ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(element),
                ElementType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(element),
                ElementType.I8 => (sbyte)element[0],
                ElementType.U8 or ElementType.Bool => element[0],
                _ => throw new NotSupportedException($"No test needs values of {type} yet."),
            };
        }

        return values;
    }
}
