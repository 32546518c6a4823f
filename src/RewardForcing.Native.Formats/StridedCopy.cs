namespace RewardForcing.Native.Formats;

/// <summary>Lays the elements of a strided view out row-major.</summary>
internal static class StridedCopy
{
    private const int Chunk = 1 << 16;

    /// <summary>Copies a view.</summary>
    /// <param name="storage">All bytes of the storage.</param>
    /// <param name="entry">Type and extents; has elements.</param>
    /// <param name="stored">Offset and strides, checked against the storage.</param>
    public static TensorBytes Gather(TensorBytes storage, TensorEntry entry, StoredTensor stored)
    {
        int size = entry.Type.Bits() / 8;
        int rank = entry.Shape.Length;
        long columns = rank == 0 ? 1 : entry.Shape[^1];
        long columnStep = rank == 0 ? 1 : stored.Strides[^1];
        long[] index = new long[rank];
        byte[] row = new byte[checked((int)Math.Min(Chunk, columns) * size)];
        NativeBlock block = new(entry.ByteLength);
        try
        {
            for (long done = 0; done < entry.ByteLength;)
            {
                long element = stored.Offset;
                for (int i = 0; i < rank - 1; i++)
                {
                    element += index[i] * stored.Strides[i];
                }

                for (long column = 0; column < columns;)
                {
                    int count = (int)Math.Min(row.Length / size, columns - column);
                    ReadRow(storage, element + (column * columnStep), columnStep, size, row.AsSpan(0, count * size));
                    block.WriteSpan<byte>((ulong)done, row.AsSpan(0, count * size));
                    done += (long)count * size;
                    column += count;
                }

                Advance(index, entry.Shape);
            }

            return new TensorBytes(block.Address, entry.ByteLength, block);
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    private static void ReadRow(TensorBytes storage, long element, long step, int size, Span<byte> row)
    {
        if (step == 1)
        {
            storage.CopyTo(element * size, row);
            return;
        }

        for (int at = 0; at < row.Length; at += size)
        {
            storage.CopyTo(element * size, row.Slice(at, size));
            element += step;
        }
    }

    private static void Advance(long[] index, long[] shape)
    {
        for (int i = index.Length - 2; i >= 0; i--)
        {
            if (++index[i] < shape[i])
            {
                return;
            }

            index[i] = 0;
        }
    }
}
