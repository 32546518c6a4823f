using System.Runtime.Intrinsics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The right operand of a product as PyTorch stores it, <c>[N, C, taps]</c> in any float type, and how panels are packed from it.</summary>
/// <remarks>Packing widens and transposes a few kilobytes at a time, so a narrow weight of a linear map never exists as floats beyond a few panels.</remarks>
internal readonly unsafe struct Filter
{
    /// <summary>Floats of scratch memory packing needs.</summary>
    public const int ScratchFloats = 2 * Group * Chunk;

    private const int Group = Transposition.Group;
    private const int Chunk = 128;
    private readonly nint _address;
    private readonly DType _type;
    private readonly int _columns;
    private readonly bool _isTurned;

    public Filter(Tensor weight, int columns, int channels, int taps)
    {
        (_address, _type) = (weight.Address, weight.DType);
        (_columns, Channels, Taps) = (columns, channels, taps);
    }

    private Filter(Tensor matrix)
        : this(matrix, matrix.Shape[^1], checked((int)matrix.Shape.Rows), 1) => _isTurned = true;

    /// <summary>The right operand whose rows are the terms of sums, <c>[K, N]</c>: what backward passes multiply by.</summary>
    public static Filter Turned(Tensor matrix) => new(matrix);

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>Positions of the filter; 1 for a linear map.</summary>
    public int Taps { get; }

    /// <summary>Terms of every sum.</summary>
    public int Depth => checked(Channels * Taps);

    /// <summary>Of a filter with one tap: writes <c>panel[k, j] = weight[firstColumn + j, firstChannel + k]</c>; columns that do not exist become zero.</summary>
    public void PackChannels(int firstChannel, int channels, int firstColumn, int width, float* panel, float* scratch)
    {
        if (_isTurned)
        {
            CopyRows(firstChannel, channels, firstColumn, width, panel);
            return;
        }

        float** rows = stackalloc float*[Group];
        for (int j = 0; j < width; j += Group)
        {
            int group = Math.Min(Group, width - j);
            for (int k = 0; k < channels; k += Chunk)
            {
                int count = Math.Min(Chunk, channels - k);
                Point(rows, group, firstColumn + j, firstChannel + k, count, scratch);
                Transposition.Run(rows, group, count, panel + ((long)k * width) + j, width);
            }
        }
    }

    /// <summary>Writes <c>panel[t, k, j] = weight[firstColumn + j, k, t]</c> for all taps and channels; columns that do not exist become zero.</summary>
    public void PackTaps(int firstColumn, int width, float* panel, float* scratch)
    {
        float** rows = stackalloc float*[Group];
        float* turned = scratch + (Group * Chunk);
        for (int j = 0; j < width; j += Group)
        {
            int group = Math.Min(Group, width - j);
            (int channel, int tap) = (0, 0);
            for (int first = 0; first < Depth; first += Chunk)
            {
                int count = Math.Min(Chunk, Depth - first);
                Point(rows, group, firstColumn + j, first, count, scratch);
                Transposition.Run(rows, group, count, turned, group);
                for (int i = 0; i < count; i++)
                {
                    float* source = turned + (i * group), target = panel + ((((long)tap * Channels) + channel) * width) + j;
                    if (group == Group)
                    {
                        Vector512.Load(source).Store(target);
                    }
                    else
                    {
                        new Span<float>(source, group).CopyTo(new Span<float>(target, group));
                    }

                    (channel, tap) = tap + 1 < Taps ? (channel, tap + 1) : (channel + 1, 0);
                }
            }
        }
    }

    // Rows of the matrix already are rows of the panel.
    private void CopyRows(int firstChannel, int channels, int firstColumn, int width, float* panel)
    {
        int count = Math.Min(width, _columns - firstColumn);
        for (int k = 0; k < channels; k++, panel += width)
        {
            Read(((long)(firstChannel + k) * _columns) + firstColumn, new Span<float>(panel, count));
            new Span<float>(panel + count, width - count).Clear();
        }
    }

    // Floats of some columns: in place where they are floats, else widened into scratch memory.
    private void Point(float** rows, int group, int column, int first, int count, float* scratch)
    {
        for (int r = 0; r < group; r++)
        {
            rows[r] = Row(column + r, first, count, scratch + (r * Chunk));
        }
    }

    private float* Row(int column, int first, int count, float* scratch)
    {
        Span<float> values = new(scratch, count);
        if (column >= _columns)
        {
            values.Clear();
            return scratch;
        }

        long at = ((long)column * Depth) + first;
        if (_type == DType.F32)
        {
            return (float*)_address + at;
        }

        Read(at, values);
        return scratch;
    }

    private void Read(long at, Span<float> values)
    {
        int count = values.Length;
        switch (_type)
        {
            case DType.F32:
                new ReadOnlySpan<float>((float*)_address + at, count).CopyTo(values);
                break;
            case DType.BF16:
                Rounding.Widen(new ReadOnlySpan<BFloat16>((BFloat16*)_address + at, count), values);
                break;
            case DType.F16:
                Rounding.Widen(new ReadOnlySpan<Half>((Half*)_address + at, count), values);
                break;
            default:
                Rounding.Widen(new ReadOnlySpan<Float8E4M3>((Float8E4M3*)_address + at, count), values);
                break;
        }
    }
}
