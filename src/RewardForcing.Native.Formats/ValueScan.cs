using System.Runtime.InteropServices;

namespace RewardForcing.Native.Formats;

/// <summary>Counts what is no number or infinite among the elements of float tensors: a file may be whole and its training not.</summary>
public static class ValueScan
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Reads all elements of a tensor.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="entry">The tensor.</param>
    /// <param name="cancellation">Stops between two pieces of a mebibyte.</param>
    /// <returns>How many elements are NaN and how many infinite; none of integer types and of floats smaller than a byte.</returns>
    /// <exception cref="ModelFormatException">The file has changed since it was opened, or its checksum is wrong.</exception>
    public static (long NaN, long Infinite) Count(TensorArchive archive, TensorEntry entry, CancellationToken cancellation = default)
    {
        (long nan, long infinite) = (0, 0);
        if (entry.Type is not (ElementType.F64 or ElementType.F32 or ElementType.F16 or ElementType.BF16 or ElementType.F8E4M3 or ElementType.F8E5M2))
        {
            return (nan, infinite);
        }

        using TensorBytes bytes = archive.Map(entry);
        byte[] chunk = new byte[(int)Math.Min(ChunkBytes, bytes.Length)];
        for (long done = 0; done < bytes.Length; done += chunk.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, bytes.Length - done));
            bytes.CopyTo(done, part);
            (long partNaN, long partInfinite) = Count(entry.Type, part);
            (nan, infinite) = (nan + partNaN, infinite + partInfinite);
        }

        return (nan, infinite);
    }

    // Without its sign, a float is infinite where its bits are those of infinity and NaN where they are more; E4M3 has no infinity, only one NaN.
    private static (long NaN, long Infinite) Count(ElementType type, Span<byte> bytes) => type switch
    {
        ElementType.F64 => Count(MemoryMarshal.Cast<byte, ulong>(bytes), ulong.MaxValue >> 1, 0x7FFul << 52),
        ElementType.F32 => Count(MemoryMarshal.Cast<byte, uint>(bytes), uint.MaxValue >> 1, 0xFFu << 23),
        ElementType.BF16 => Count<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7FFF, 0x7F80),
        ElementType.F16 => Count<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7FFF, 0x7C00),
        ElementType.F8E5M2 => Count<byte>(bytes, 0x7F, 0x7C),
        _ => (Count<byte>(bytes, 0x7F, 0x7E).NaN, 0),
    };

    private static (long NaN, long Infinite) Count<T>(ReadOnlySpan<T> bits, T magnitude, T infinity)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        (long nan, long infinite) = (0, 0);
        foreach (T element in bits)
        {
            T value = element & magnitude;
            nan += value > infinity ? 1 : 0;
            infinite += value == infinity ? 1 : 0;
        }

        return (nan, infinite);
    }
}
