using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The right operand of a product as PyTorch stores it, <c>[N, C, taps]</c> in any float type, and how panels are packed from it.</summary>
/// <remarks>Packing widens and transposes a few kilobytes at a time, so narrow weights never exist as floats beyond one panel.</remarks>
internal readonly unsafe struct Filter
{
    /// <summary>Floats of scratch memory <see cref="Pack"/> needs.</summary>
    public const int ScratchFloats = (Group + 1) * Chunk;

    private const int Group = Transposition.Group;
    private const int Chunk = 128;
    private readonly nint _address;
    private readonly DType _type;
    private readonly int _columns;
    private readonly int _channels;
    private readonly int _taps;

    public Filter(Tensor weight, int columns, int channels, int taps)
    {
        (_address, _type) = (weight.Address, weight.DType);
        (_columns, _channels, _taps) = (columns, channels, taps);
    }

    /// <summary>Writes <c>panel[t, k, j] = weight[firstColumn + j, k, t]</c> for the taps and channels of a block; columns that do not exist become zero.</summary>
    public void Pack(DepthBlock block, int firstColumn, int width, float* panel, float* scratch)
    {
        int group = Math.Min(Group, width);
        float** rows = stackalloc float*[Group];
        for (int tap = 0; tap < block.Taps; tap++)
        {
            for (int k = 0; k < block.Channels; k += Chunk)
            {
                int count = Math.Min(Chunk, block.Channels - k);
                float* target = panel + (((long)tap * block.Channels) + k) * width;
                for (int j = 0; j < width; j += group)
                {
                    for (int r = 0; r < group; r++)
                    {
                        rows[r] = Row(firstColumn + j + r, block.FirstTap + tap, block.FirstChannel + k, count, scratch + (r * Chunk));
                    }

                    Transposition.Run(rows, group, count, target + j, width);
                }
            }
        }
    }

    // Floats of one column: in place where they are floats and consecutive, else widened into scratch memory.
    private float* Row(int column, int tap, int channel, int count, float* scratch)
    {
        if (column >= _columns)
        {
            new Span<float>(scratch, count).Clear();
            return scratch;
        }

        long first = ((((long)column * _channels) + channel) * _taps) + tap;
        if (_taps > 1)
        {
            Gather(first, count, scratch);
            return scratch;
        }

        Span<float> values = new(scratch, count);
        switch (_type)
        {
            case DType.F32:
                return (float*)_address + first;
            case DType.BF16:
                Rounding.Widen(new ReadOnlySpan<BFloat16>((BFloat16*)_address + first, count), values);
                return scratch;
            case DType.F16:
                Rounding.Widen(new ReadOnlySpan<Half>((Half*)_address + first, count), values);
                return scratch;
            default:
                Rounding.Widen(new ReadOnlySpan<Float8E4M3>((Float8E4M3*)_address + first, count), values);
                return scratch;
        }
    }

    private void Gather(long first, int count, float* target)
    {
        for (int i = 0; i < count; i++, first += _taps)
        {
            target[i] = _type switch
            {
                DType.F32 => ((float*)_address)[first],
                DType.BF16 => ((BFloat16*)_address)[first],
                DType.F16 => (float)((Half*)_address)[first],
                _ => ((Float8E4M3*)_address)[first],
            };
        }
    }
}
