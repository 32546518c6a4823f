using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The right operand of a product as PyTorch stores it, <c>[N, C, taps]</c> in any float type, and how panels are packed from it.</summary>
/// <remarks>Packing widens and transposes a few kilobytes at a time, so narrow weights never exist as floats beyond one panel.</remarks>
internal readonly unsafe struct Filter
{
    /// <summary>Floats of scratch memory <see cref="Pack"/> needs.</summary>
    public const int ScratchFloats = (Group + 1) * Chunk;

    private const int Group = 8;
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

                    Transpose(rows, group, count, target + j, width);
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

    private static void Transpose(float** rows, int group, int count, float* target, int width)
    {
        int k = 0;
        if (Avx.IsSupported && group == Group)
        {
            for (; k <= count - Group; k += Group)
            {
                Transpose8(rows, k, target + ((long)k * width), width);
            }
        }

        for (; k < count; k++)
        {
            for (int r = 0; r < group; r++)
            {
                target[((long)k * width) + r] = rows[r][k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose8(float** rows, int k, float* target, nint width)
    {
        // Pairs of rows, then pairs of pairs, then halves: three rounds of shuffles.
        Vector256<float> a = Vector256.Load(rows[0] + k), b = Vector256.Load(rows[1] + k), c = Vector256.Load(rows[2] + k), d = Vector256.Load(rows[3] + k);
        Vector256<float> e = Vector256.Load(rows[4] + k), f = Vector256.Load(rows[5] + k), g = Vector256.Load(rows[6] + k), h = Vector256.Load(rows[7] + k);
        (Vector256<float> ab, Vector256<float> abHigh, Vector256<float> cd, Vector256<float> cdHigh) = (Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b), Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d));
        (Vector256<float> ef, Vector256<float> efHigh, Vector256<float> gh, Vector256<float> ghHigh) = (Avx.UnpackLow(e, f), Avx.UnpackHigh(e, f), Avx.UnpackLow(g, h), Avx.UnpackHigh(g, h));
        Store(Avx.Shuffle(ab, cd, 0x44), Avx.Shuffle(ef, gh, 0x44), target, 4 * width);
        Store(Avx.Shuffle(ab, cd, 0xEE), Avx.Shuffle(ef, gh, 0xEE), target + width, 4 * width);
        Store(Avx.Shuffle(abHigh, cdHigh, 0x44), Avx.Shuffle(efHigh, ghHigh, 0x44), target + (2 * width), 4 * width);
        Store(Avx.Shuffle(abHigh, cdHigh, 0xEE), Avx.Shuffle(efHigh, ghHigh, 0xEE), target + (3 * width), 4 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<float> first, Vector256<float> second, float* target, nint distance)
    {
        Avx.Permute2x128(first, second, 0x20).Store(target);
        Avx.Permute2x128(first, second, 0x31).Store(target + distance);
    }
}
