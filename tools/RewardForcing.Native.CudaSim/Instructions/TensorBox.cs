using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>A box of a tensor: the rows that a copy by tensor map moves, and where each lies in shared memory.</summary>
internal readonly unsafe struct TensorBox
{
    private readonly TensorMapCode _map;
    private readonly long[] _corner;

    public TensorBox(in TensorMapCode map, long[] corner) => (_map, _corner) = (map, corner);

    /// <summary>Elements of a row.</summary>
    public int Inner => _map.LastInBox[0] + 1;

    /// <summary>Bytes of a row.</summary>
    public int RowBytes => Inner * _map.ElementBytes;

    /// <summary>Rows.</summary>
    public int Rows
    {
        get
        {
            int rows = 1;
            for (int i = 1; i < _map.Rank; i++)
            {
                rows *= _map.LastInBox[i] + 1;
            }

            return rows;
        }
    }

    /// <summary>Bytes that a copy brings, those outside of the tensor included.</summary>
    public int Bytes => Rows * RowBytes;

    /// <summary>Bytes of shared memory from one row to the next: the whole width of the swizzle where there is one.</summary>
    public int Pitch => _map.Swizzle == 0 ? RowBytes : 16 << _map.Swizzle;

    /// <summary>What its place in shared memory must be a multiple of: the piece of memory after which the swizzle repeats.</summary>
    public int Alignment => (TensorMapSwizzle)_map.Swizzle == TensorMapSwizzle.None ? 128 : 128 << _map.Swizzle;

    /// <summary>Address of a row in global memory, and the part of it that is in the tensor: elements skipped at its start, and elements there.</summary>
    public (ulong Address, int Skipped, int Count) Row(int row)
    {
        ulong address = _map.Address;
        for (int i = 1; i < _map.Rank; i++)
        {
            int extent = _map.LastInBox[i] + 1;
            long at = _corner[i] + (row % extent);
            row /= extent;
            if (at < 0 || at > _map.LastIndex[i])
            {
                return (0, 0, 0);
            }

            address += (ulong)at * _map.Stride[i - 1];
        }

        long first = Math.Max(0, _corner[0]), end = Math.Min(_corner[0] + Inner, (long)_map.LastIndex[0] + 1);
        return end <= first ? (0, 0, 0) : (address + (ulong)(first * _map.ElementBytes), (int)(first - _corner[0]), (int)(end - first));
    }

    /// <summary>Address of 16 bytes of a row in shared memory.</summary>
    public uint Chunk(uint start, int row, int chunk) => Swizzled(start + (uint)((row * Pitch) + (16 * chunk)), _map.Swizzle);

    /// <summary>A shared address as a swizzle scatters it: bits from 4 on are exclusive-ored with as many from 7 on.</summary>
    /// <param name="address">The address.</param>
    /// <param name="bits">Number of bits: 1, 2 or 3 for 32, 64 or 128 bytes.</param>
    public static uint Swizzled(uint address, int bits) => address ^ ((address >> 7 & ((1u << bits) - 1)) << 4);
}
