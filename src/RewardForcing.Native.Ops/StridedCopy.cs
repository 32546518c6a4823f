using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Fills a dense tensor from memory that is walked with a stride in each dimension: permutations, patches, repetitions.</summary>
internal sealed unsafe partial class StridedCopy
{
    // Rows and columns of the tile that is turned at once: its source lines stay in the first-level cache.
    private const int Tile = 256;

    private readonly int[] _shape;
    private readonly long[] _strides;
    private readonly long[] _targetStrides;

    private StridedCopy(int[] shape, long[] strides)
    {
        (_shape, _strides) = Merge(shape, strides);
        _targetStrides = new long[_shape.Length];
        long stride = 1;
        for (int d = _shape.Length - 1; d >= 0; d--)
        {
            _targetStrides[d] = stride;
            stride *= _shape[d];
        }
    }

    /// <summary>Copies.</summary>
    /// <param name="op">The op, for the sentence about a device that has no path.</param>
    /// <param name="source">Where index 0 of every dimension is.</param>
    /// <param name="target">As many elements as <paramref name="shape"/> has, of the same size.</param>
    /// <param name="shape">Extents of the result, outermost first.</param>
    /// <param name="strides">Elements to go in the source for one step of each dimension; 0 repeats.</param>
    public static void Run(string op, Tensor source, Tensor target, int[] shape, long[] strides)
    {
        if (target.Count == 0)
        {
            return;
        }

        if (target.Device is CudaDevice cuda)
        {
            RunCuda(cuda, source, target, shape, strides);
            return;
        }

        CpuDevice cpu = Check.Cpu(op, target.Device);
        StridedCopy copy = new(shape, strides);
        switch (source.DType.Size())
        {
            case 1:
                copy.Run(cpu, (byte*)source.Address, (byte*)target.Address);
                break;
            case 2:
                copy.Run(cpu, (ushort*)source.Address, (ushort*)target.Address);
                break;
            case 4:
                copy.Run(cpu, (uint*)source.Address, (uint*)target.Address);
                break;
            default:
                copy.Run(cpu, (ulong*)source.Address, (ulong*)target.Address);
                break;
        }
    }

    private void Run<T>(CpuDevice cpu, T* source, T* target)
        where T : unmanaged
    {
        int last = _shape.Length - 1;
        if (_strides[last] == 1)
        {
            CopyRows(cpu, source, target);
        }
        else
        {
            // The dimension that is contiguous in the source, if there is one, is turned against the last one.
            CopyTiles(cpu, source, target, Math.Max(0, Array.IndexOf(_strides, 1)));
        }
    }

    private void CopyRows<T>(CpuDevice cpu, T* source, T* target)
        where T : unmanaged
    {
        int last = _shape.Length - 1;
        int length = _shape[last];
        long rows = _targetStrides[0] * _shape[0] / length;
        Chunks.Rows(cpu, rows, length, 0, (first, count, _) =>
        {
            for (long row = first; row < first + count; row++)
            {
                T* from = source + Offset(row, last, last).Source;
                new ReadOnlySpan<T>(from, length).CopyTo(new Span<T>(target + (row * length), length));
            }
        });
    }

    private void CopyTiles<T>(CpuDevice cpu, T* source, T* target, int turned)
        where T : unmanaged
    {
        int last = _shape.Length - 1;
        (int columns, long columnStride) = (_shape[last], _strides[last]);
        (int rows, long rowStride, long rowTarget) = turned == last ? (1, 0, 0) : (_shape[turned], _strides[turned], _targetStrides[turned]);
        int across = (columns + Tile - 1) / Tile;
        int tiles = across * ((rows + Tile - 1) / Tile);
        long outer = _targetStrides[0] * _shape[0] / columns / rows;
        Chunks.Rows(cpu, outer * tiles, (long)Math.Min(rows, Tile) * Math.Min(columns, Tile), 0, (first, count, _) =>
        {
            for (long item = first; item < first + count; item++)
            {
                (long block, int tile) = (item / tiles, (int)(item % tiles));
                (long from, long to) = Offset(block, last, turned);
                (int rowAt, int columnAt) = (tile / across * Tile, tile % across * Tile);
                (int rowEnd, int columnEnd) = (Math.Min(rows, rowAt + Tile), Math.Min(columns, columnAt + Tile));
                for (int r = rowAt; r < rowEnd; r++)
                {
                    T* s = source + from + (r * rowStride) + (columnAt * columnStride);
                    T* t = target + to + (r * rowTarget);
                    for (int c = columnAt; c < columnEnd; c++, s += columnStride)
                    {
                        t[c] = *s;
                    }
                }
            }
        });
    }

    // Where the entry of all dimensions but two (or one, if they are the same) begins.
    private (long Source, long Target) Offset(long index, int skipped, int alsoSkipped)
    {
        (long source, long target) = (0, 0);
        for (int d = _shape.Length - 1; d >= 0 && index > 0; d--)
        {
            if (d != skipped && d != alsoSkipped)
            {
                (index, long at) = Math.DivRem(index, _shape[d]);
                source += at * _strides[d];
                target += at * _targetStrides[d];
            }
        }

        return (source, target);
    }

    // Dimensions of one entry go, and neighbours that are one dimension in the source become one.
    private static (int[] Shape, long[] Strides) Merge(int[] shape, long[] strides)
    {
        List<int> extents = [];
        List<long> steps = [];
        for (int d = 0; d < shape.Length; d++)
        {
            if (shape[d] == 1)
            {
                continue;
            }

            if (extents.Count > 0 && steps[^1] == strides[d] * shape[d] && (long)extents[^1] * shape[d] <= int.MaxValue)
            {
                extents[^1] *= shape[d];
                steps[^1] = strides[d];
            }
            else
            {
                extents.Add(shape[d]);
                steps.Add(strides[d]);
            }
        }

        return extents.Count == 0 ? ([1], [1]) : ([.. extents], [.. steps]);
    }
}
